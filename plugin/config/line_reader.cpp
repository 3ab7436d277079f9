// SPDX-License-Identifier: MIT
// What a LineReader makes of each line.
#include "config/line_reader.hpp"

#include <utility>

#include "config/mark.hpp"
#include "config/words.hpp"

namespace batch_notifier::config {

namespace {

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

bool is_sequence(std::string_view text) {
  return starts_with(text, "~SEQ") || starts_with(text, "~LST");
}

// The first brace outside quotes. One at the front counts whatever follows.
std::size_t find_brace(std::string_view text) {
  std::size_t position = 0;
  while ((position = text.find_first_of("{}\"", position)) != std::string_view::npos) {
    if (text[position] != '"') {
      return position;
    }
    position = text.find('"', position + 1);
    if (position == std::string_view::npos) {
      return position;
    }
    ++position;
  }
  return position;
}

}  // namespace

bool is_setting(std::string_view text) {
  return starts_with(text, setting_mark) &&
         (text.size() == setting_mark.size() || is_blank(text[setting_mark.size()]));
}

std::optional<Line> LineReader::next() {
  while (!stopped_) {
    std::optional<Line> line =
        rest_of_line_ ? std::exchange(rest_of_line_, std::nullopt) : read_raw();
    if (!line) {
      return std::nullopt;
    }
    if (continue_definition(*line)) {
      continue;
    }
    process(*line);
    if (line->setting) {
      return line;
    }
    if (line->text.empty() || include(*line)) {
      continue;
    }
    split_at_brace(*line);
    return line;
  }
  return std::nullopt;
}

bool LineReader::continue_definition(const Line& line) {
  if (open_definition_.empty()) {
    return false;
  }
  definitions_.add_line(open_definition_, line.text);
  if (!definitions_.continues(open_definition_)) {
    open_definition_.clear();
  }
  return true;
}

void LineReader::process(Line& line) {
  bool again = true;
  while (again) {
    again = false;
    if (starts_with(line.text, "@") && !is_setting(line.text) && !is_for_this_node(line.text)) {
      report_misspelt_mark(line);
      line.text.clear();
    }
    if (is_setting(line.text)) {
      read_setting(line);
      return;
    }
    if (const std::optional<std::string> name = definitions_.define(line.text)) {
      if (definitions_.continues(*name)) {
        open_definition_ = *name;
      }
      line.text.clear();
    } else if (is_sequence(line.text)) {
      std::optional<Sequence> sequence = Sequence::parse(line.text, directory(), definitions_);
      if (sequence) {
        push(SequenceSource{std::move(*sequence), line.location}, line.location);
      } else {
        problems_.add(line.location,
                      "malformed " + line.text.substr(0, 4) + "; the line is ignored");
      }
      line.text.clear();
    } else if (!starts_with(line.text, "~") && substitute(line, true)) {
      again = is_sequence(line.text) || starts_with(line.text, "@") ||
              line.text.find('$') != std::string::npos;
    }
  }
}

bool LineReader::is_for_this_node(std::string& text) const {
  const bool others = starts_with(text, "@^");
  const std::size_t start = others ? 2 : 1;
  const std::size_t end = text.find_first_of(" \t", start);
  if (end == std::string::npos || (text.compare(start, end - start, config_id_) == 0) == others) {
    return false;
  }
  text = std::string(skip_blanks(std::string_view(text).substr(end)));
  return true;
}

// keepalived takes any "@WORD" for a line of the node WORD, and passes over it in silence.
void LineReader::report_misspelt_mark(const Line& line) {
  const std::string_view text = line.text;
  const std::string_view word = text.substr(1, text.find_first_of(" \t") - 1);
  if (is_misspelt_mark(word)) {
    problems_.add(line.location, "@" + std::string(word) + " is taken for a line of the node " +
                                     shown(word) + "; is " + std::string(setting_mark) + " meant?");
  }
}

void LineReader::read_setting(Line& line) {
  line.text = std::string(skip_blanks(std::string_view(line.text).substr(setting_mark.size())));
  const bool was_empty = line.text.empty();
  substitute(line, false);
  line.setting = was_empty || !line.text.empty();
}

// Whether anything changed. A line that has no end is reported and left empty.
bool LineReader::substitute(Line& line, bool several_lines) {
  if (line.text.find('$') == std::string::npos) {
    return false;
  }
  const Substitution result = definitions_.substitute(line.text, directory(), several_lines);
  if (result.endless) {
    problems_.add(line.location,
                  "its definitions make the line endless or too long; the line is ignored");
    line.text.clear();
    return false;
  }
  for (const std::shared_ptr<const Lines>& lines : result.continuations) {
    push(LinesSource{lines, line.location}, line.location);
  }
  if (result.changed) {
    strip_comment(line.text);
  }
  return result.changed;
}

void LineReader::split_at_brace(Line& line) {
  const std::size_t brace = find_brace(line.text);
  if (brace != std::string::npos) {
    const std::size_t start = brace == 0 ? 1 : brace;
    const std::string_view rest = skip_blanks(std::string_view(line.text).substr(start));
    if (!rest.empty()) {
      rest_of_line_ = Line{line.location, std::string(rest)};
    }
    line.text.resize(start);
  }
  while (is_blank(line.text.back())) {
    line.text.pop_back();
  }
}

}  // namespace batch_notifier::config
