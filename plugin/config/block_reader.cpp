// SPDX-License-Identifier: MIT
#include "config/block_reader.hpp"

#include <cstddef>
#include <utility>

#include "config/words.hpp"

namespace batch_notifier::config {

namespace {

constexpr const char* block_start = "{";
constexpr const char* block_end = "}";

std::optional<Statement> parse(const Line& line) {
  std::vector<std::string> words = split_words(line.text);
  if (words.empty()) {
    return std::nullopt;
  }
  return Statement{line.location, std::move(words)};
}

}  // namespace

BlockReader::BlockReader(LineReader& lines, Problems& problems, SettingHandler on_setting)
    : lines_(lines), problems_(problems), on_setting_(std::move(on_setting)) {
}

void BlockReader::read(const Handler& handler) {
  while (const std::optional<Line> line = next()) {
    if (line->text == block_start) {
      skip_block(line->location);
    } else if (line->text == block_end) {
      problems_.add(line->location, "'}' without '{'");
    } else if (const std::optional<Statement> statement = parse(*line)) {
      handler(*statement);
    }
  }
}

bool BlockReader::enter(const Statement& statement, const Handler& handler) {
  std::optional<Line> line = next();
  if (!line || line->text != block_start) {
    put_back_ = std::move(line);
    return false;
  }
  while ((line = next())) {
    if (line->text == block_end) {
      return true;
    }
    if (line->text == block_start) {
      skip_block(line->location);
    } else if (const std::optional<Statement> inner = parse(*line)) {
      handler(*inner);
    }
  }
  report_unclosed(statement.location);
  return true;
}

std::optional<Line> BlockReader::next() {
  if (put_back_) {
    return std::exchange(put_back_, std::nullopt);
  }
  std::optional<Line> line = lines_.next();
  while (line && line->setting) {
    on_setting_(*line);
    line = lines_.next();
  }
  return line;
}

void BlockReader::skip_block(const core::SourceLocation& start) {
  std::size_t depth = 1;
  while (depth > 0) {
    const std::optional<Line> line = next();
    if (!line) {
      report_unclosed(start);
      return;
    }
    if (line->text == block_start) {
      ++depth;
    } else if (line->text == block_end) {
      --depth;
    }
  }
}

// Once: all blocks around an unclosed one are unclosed too.
void BlockReader::report_unclosed(const core::SourceLocation& start) {
  if (!std::exchange(unclosed_reported_, true)) {
    problems_.add(start, "the block that begins here has no '}'");
  }
}

}  // namespace batch_notifier::config
