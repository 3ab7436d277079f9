// SPDX-License-Identifier: MIT
#include "config/words.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace batch_notifier::config {

namespace {

constexpr std::string_view white_space = " \t\f\n\r\v";

bool is_space(char character) {
  return white_space.find(character) != std::string_view::npos;
}

std::optional<unsigned> digit_value(char character, unsigned base) {
  unsigned value = base;
  if (character >= '0' && character <= '9') {
    value = static_cast<unsigned>(character - '0');
  } else if (character >= 'a' && character <= 'f') {
    value = static_cast<unsigned>(character - 'a') + 10;
  } else if (character >= 'A' && character <= 'F') {
    value = static_cast<unsigned>(character - 'A') + 10;
  }
  return value < base ? std::optional<unsigned>(value) : std::nullopt;
}

// Reads up to `longest` digits from the front of `text`.
char take_number(std::string_view& text, unsigned base, std::size_t longest) {
  unsigned number = 0;
  for (std::size_t count = 0; count < longest && !text.empty(); ++count) {
    const std::optional<unsigned> digit = digit_value(text.front(), base);
    if (!digit) {
      break;
    }
    number = number * base + *digit;
    text.remove_prefix(1);
  }
  return static_cast<char>(number & 0xffU);
}

// What follows a backslash; `text` starts behind it and is not empty.
char take_escaped(std::string_view& text) {
  constexpr std::string_view letters = "abEfnrtv";
  constexpr std::string_view meanings = "\a\b\x1b\f\n\r\t\v";
  const char first = text.front();
  if (first == 'x' && text.size() > 1 && digit_value(text[1], 16)) {
    text.remove_prefix(1);
    return take_number(text, 16, 2);
  }
  if (digit_value(first, 8)) {
    return take_number(text, 8, 3);
  }
  text.remove_prefix(1);
  if (first == 'c' && !text.empty()) {
    const char control = static_cast<char>(static_cast<unsigned char>(text.front()) & 0x1fU);
    text.remove_prefix(1);
    return control;
  }
  const std::size_t position = letters.find(first);
  return position == std::string_view::npos ? first : meanings[position];
}

// Takes one word of a command off the front of `text`; nothing if it is malformed.
std::optional<std::string> take_command_word(std::string_view& text) {
  std::string word;
  char quote = '\0';
  while (!text.empty()) {
    const char character = text.front();
    if (quote == '\0' && is_space(character)) {
      break;
    }
    text.remove_prefix(1);
    if (character == '\\') {
      if (text.empty()) {
        return std::nullopt;
      }
      word += take_escaped(text);
      if (word.back() == '\0') {
        return std::nullopt;
      }
    } else if (quote == '\0' && (character == '"' || character == '\'')) {
      quote = character;
    } else if (quote == character) {
      quote = '\0';
    } else {
      word += character;
    }
  }
  return quote == '\0' ? std::optional<std::string>(std::move(word)) : std::nullopt;
}

}  // namespace

std::string_view skip_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  return text;
}

void strip_comment(std::string& line) {
  std::string kept;
  kept.reserve(line.size());
  bool in_quotes = false;
  bool continued = false;
  const std::string_view text = skip_blanks(line);
  for (std::size_t position = 0; position < text.size(); ++position) {
    const char character = text[position];
    if (character == '\\') {
      if (position + 1 == text.size()) {
        continued = true;
        break;
      }
      const char next = text[++position];
      if (in_quotes || (next != '#' && next != '!')) {
        kept += character;
      }
      kept += next;
      continue;
    }
    if (!in_quotes && (character == '#' || character == '!')) {
      break;
    }
    if (character == '"') {
      in_quotes = !in_quotes;
    }
    kept += character;
  }
  while (!kept.empty() && is_blank(kept.back())) {
    kept.pop_back();
  }
  if (continued) {
    kept += '\\';
  }
  line = std::move(kept);
}

std::vector<std::string> split_words(std::string_view line) {
  std::vector<std::string> words;
  for (;;) {
    const std::size_t start = line.find_first_not_of(white_space);
    if (start == std::string_view::npos) {
      return words;
    }
    line.remove_prefix(start);
    if (line.front() == '"') {
      const std::size_t end = line.find('"', 1);
      if (end == std::string_view::npos) {
        return words;
      }
      words.emplace_back(line.substr(1, end - 1));
      line.remove_prefix(end + 1);
    } else {
      const std::size_t end = std::min(line.find_first_of(" \t\f\n\r\v\""), line.size());
      words.emplace_back(line.substr(0, end));
      line.remove_prefix(end);
    }
  }
}

std::optional<std::vector<std::string>> split_command(std::string_view text) {
  std::vector<std::string> words;
  for (;;) {
    const std::size_t start = text.find_first_not_of(white_space);
    if (start == std::string_view::npos) {
      return words;
    }
    text.remove_prefix(start);
    std::optional<std::string> word = take_command_word(text);
    if (!word) {
      return std::nullopt;
    }
    words.push_back(std::move(*word));
  }
}

}  // namespace batch_notifier::config
