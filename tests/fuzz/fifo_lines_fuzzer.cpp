// SPDX-License-Identifier: MIT
/// @file
/// The notify FIFO, arbitrary bytes that arrive in arbitrary pieces, held against what can be said
/// of a line without reading it as FifoLines does. An input begins with six digits: the sizes of
/// three pieces, which take turns until there are 64; after how many pieces, if 1 to 8, the
/// beginning of a line is dropped; and the two limits of a LineSplitter. The rest is what was
/// written, in which DEL stands for a thousand letters, so that a line of the greatest length is a
/// short input.
#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/line_splitter.hpp"
#include "sources/fifo_lines.hpp"
#include "tests/fuzz/finding.hpp"
#include "tests/fuzz/program_bytes.hpp"

namespace batch_notifier::fuzz {

namespace {

using sources::FifoLine;
using sources::FifoLines;
using Pieces = std::vector<std::string_view>;

constexpr std::array<std::string_view, 3> events{"MASTER_RX_LOWER_PRI", "MASTER_PRIORITY",
                                                 "BACKUP_PRIORITY"};
constexpr std::array<std::string_view, 5> states{"BACKUP", "MASTER", "FAULT", "STOP", "DELETED"};
constexpr std::size_t everything = std::string_view::npos;
constexpr std::array<std::size_t, 16> piece_sizes{everything, 1,  2,   3,   4,    7,    8,    16,
                                                  25,         64, 100, 300, 1000, 4095, 4096, 4097};
constexpr char filler = '\x7f';
constexpr std::size_t filler_size = 1000;
constexpr int fillers_max = 5;
constexpr std::size_t pieces_max = 64;
constexpr std::size_t quoted_max = 100;

bool starts_with(std::string_view text, std::string_view beginning) {
  return text.substr(0, beginning.size()) == beginning;
}

std::string take_stream(const std::uint8_t* data, std::size_t size) {
  std::string stream(data, data + size);
  std::size_t at = 0;
  for (int count = 0; (at = stream.find(filler, at)) != std::string::npos && count < fillers_max;
       ++count) {
    stream.replace(at, 1, filler_size, 'x');
  }
  return stream;
}

Pieces cut(std::string_view stream, const std::array<std::size_t, 3>& sizes) {
  Pieces pieces;
  pieces.reserve(pieces_max + 1);
  while (!stream.empty()) {
    const bool rest = pieces.size() == pieces_max;
    const std::size_t wanted = rest ? everything : sizes.at(pieces.size() % sizes.size());
    const std::size_t size = std::min(wanted, stream.size());
    pieces.push_back(stream.substr(0, size));
    stream.remove_prefix(size);
  }
  return pieces;
}

std::vector<std::string_view> split(std::string_view stream) {
  std::vector<std::string_view> lines;
  for (std::size_t end = 0; (end = stream.find('\n')) != std::string_view::npos;
       stream.remove_prefix(end + 1)) {
    lines.push_back(stream.substr(0, end));
  }
  if (!stream.empty()) {
    lines.push_back(stream);
  }
  return lines;
}

std::string_view without_nuls(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of('\0'), line.size()));
  return line;
}

bool is_number_of_a_byte(std::string_view text) {
  const bool digits = text.find_first_not_of("0123456789") == std::string_view::npos;
  const bool padded = text.size() > 1 && text.front() == '0';
  return digits && !padded && !text.empty() && text.size() <= 3 &&
         std::stoi(std::string(text)) <= 255;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// Whether `line` has the shape of what keepalived writes.
template <typename Words>
bool has_shape(std::string_view line, std::string_view beginning, const Words& words) {
  const std::size_t blank = line.rfind(' ');
  if (!starts_with(line, beginning) || blank == std::string_view::npos ||
      !is_number_of_a_byte(line.substr(blank + 1))) {
    return false;
  }
  line = line.substr(beginning.size(), std::max(blank, beginning.size()) - beginning.size());
  return std::any_of(words.begin(), words.end(), [line](std::string_view word) {
    return ends_with(line, "\" " + std::string(word));
  });
}

bool keepalived_may_write(std::string_view line) {
  return starts_with(line, "VS ") || starts_with(line, "RS ") ||
         has_shape(line, "INSTANCE \"", states) || has_shape(line, "INSTANCE \"", events) ||
         has_shape(line, "GROUP \"", states);
}

/// What was understood, as keepalived writes it: each of the lines that mean this.
struct Writer {
  std::string_view original;

  std::vector<std::string> operator()(const sources::InstanceLine& line) const {
    return {"INSTANCE \"" + line.name + "\" " + std::string(to_string(line.state)) + " " +
            std::to_string(line.priority)};
  }
  std::vector<std::string> operator()(const sources::GroupLine& line) const {
    return {"GROUP \"" + line.name + "\" " + std::string(to_string(line.state)) + " 0"};
  }
  std::vector<std::string> operator()(const sources::PriorityLine& line) const {
    std::vector<std::string> lines;
    for (const std::string_view event : events) {
      if (line.contested != (event == "MASTER_RX_LOWER_PRI")) {
        continue;
      }
      lines.push_back("INSTANCE \"" + line.name + "\" " + std::string(event) + " " +
                      std::to_string(line.priority));
    }
    return lines;
  }
  std::vector<std::string> operator()(const sources::ServerLine& /*line*/) const {
    return {std::string(original)};
  }
  std::vector<std::string> operator()(const sources::MalformedLine& /*line*/) const { return {}; }
};

void check_line(std::string_view raw, const FifoLine& line, FifoLines& reader) {
  const std::string_view text = without_nuls(raw);
  if (const auto* malformed = std::get_if<sources::MalformedLine>(&line)) {
    require(malformed->text == raw.substr(0, quoted_max), "a message quotes a line's beginning");
    require(raw.size() > FifoLines::longest_line || !keepalived_may_write(text),
            "what keepalived writes is understood");
    return;
  }
  require(raw.size() <= FifoLines::longest_line, "a line over the bound is not used");
  require(keepalived_may_write(text), "what keepalived does not write is not understood");
  // The number of a group says nothing, and is 0.
  bool same = std::holds_alternative<sources::GroupLine>(line);
  for (const std::string& written : std::visit(Writer{text}, line)) {
    same = same || written == text;
    // Another event may have a longer name.
    if (written.size() <= FifoLines::longest_line) {
      const std::vector<FifoLine> again = reader.feed(written + "\n");
      require(again.size() == 1 && again.front() == line, "what was understood can be written");
    }
  }
  require(same, "a line is understood as it stands");
}

std::vector<FifoLine> feed(FifoLines& lines, const Pieces& pieces) {
  std::vector<FifoLine> all;
  for (const std::string_view piece : pieces) {
    for (FifoLine& line : lines.feed(piece)) {
      all.push_back(std::move(line));
    }
  }
  return all;
}

void check_lines(std::string_view stream, const Pieces& pieces) {
  FifoLines whole;
  const std::vector<FifoLine> at_once = whole.feed(stream);
  FifoLines piecemeal;
  require(feed(piecemeal, pieces) == at_once, "it does not matter how the bytes arrive");
  const std::vector<std::string_view> raw = split(stream);
  require(at_once.size() == raw.size() - (raw.empty() || stream.back() == '\n' ? 0 : 1),
          "every line is understood or not, once");
  FifoLines reader;
  for (std::size_t index = 0; index < at_once.size(); ++index) {
    check_line(raw[index], at_once[index], reader);
  }
}

void check_drop(std::string_view stream, const Pieces& pieces, std::size_t dropped_after) {
  const std::size_t count = std::min(dropped_after, pieces.size());
  const auto middle = pieces.begin() + static_cast<std::ptrdiff_t>(count);
  FifoLines lines;
  feed(lines, {pieces.begin(), middle});
  lines.drop_rest();
  FifoLines fresh;
  const std::size_t offset =
      std::accumulate(pieces.begin(), middle, std::size_t{0},
                      [](std::size_t sum, std::string_view piece) { return sum + piece.size(); });
  require(feed(lines, {middle, pieces.end()}) == fresh.feed(stream.substr(offset)),
          "nothing is left of what was dropped");
}

void check_memory(const Pieces& pieces) {
  FifoLines lines;
  const std::size_t before = __sanitizer_get_current_allocated_bytes();
  for (const std::string_view piece : pieces) {
    lines.feed(piece);
  }
  require(__sanitizer_get_current_allocated_bytes() <= before + 3 * FifoLines::longest_line,
          "a line without end takes no more memory than the longest line");
}

void check_splitter(std::string_view stream, const Pieces& pieces, runtime::LineLimits limits) {
  std::vector<std::string> got;
  runtime::LineSplitter splitter(limits, [&got](const std::string& line) { got.push_back(line); });
  for (const std::string_view piece : pieces) {
    splitter.take(piece);
  }
  splitter.finish();
  std::vector<std::string> expected;
  std::uint64_t cut_bytes = 0;
  std::uint64_t cut_lines = 0;
  for (const std::string_view line : split(stream)) {
    const bool passed = expected.size() < limits.lines;
    const std::size_t kept = passed ? std::min(limits.line_bytes, line.size()) : 0;
    cut_bytes += line.size() - kept;
    cut_lines += !passed || kept < line.size() ? 1 : 0;
    if (passed) {
      expected.emplace_back(line.substr(0, kept));
    }
  }
  require(got == expected, "lines are cut at the limits");
  require(splitter.cut_bytes() == cut_bytes, "every byte is passed on or counted");
  require(splitter.cut_lines() == cut_lines, "every line that was cut is counted");
}

}  // namespace

}  // namespace batch_notifier::fuzz

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace batch_notifier;
  constexpr std::size_t header_size = 6;
  if (size < header_size) {
    return 0;
  }
  fuzz::ProgramBytes header(data, header_size);
  std::array<std::size_t, 3> sizes{};
  for (std::size_t& piece : sizes) {
    piece = header.choose(fuzz::piece_sizes);
  }
  const std::size_t dropped_after = header.below(16);
  const bool drops = dropped_after > 0 && dropped_after < 9;
  const std::size_t line_bytes = header.below(16);
  const runtime::LineLimits limits{line_bytes, header.below(16)};
  const std::string stream = fuzz::take_stream(data + header_size, size - header_size);
  const fuzz::Pieces pieces = fuzz::cut(stream, sizes);
  if (drops) {
    fuzz::check_drop(stream, pieces, dropped_after);
  } else {
    fuzz::check_lines(stream, pieces);
  }
  fuzz::check_splitter(stream, pieces, limits);
  if (stream.size() > sources::FifoLines::longest_line) {
    fuzz::check_memory(pieces);
  }
  return 0;
}
