// SPDX-License-Identifier: MIT
#include "config/sequence.hpp"

#include <array>
#include <charconv>
#include <cstdlib>

#include "config/words.hpp"

namespace batch_notifier::config {

namespace {

// Takes what stands before the next of `ends`, without blanks, off the front of `text`.
std::string take_until(std::string_view& text, std::string_view ends) {
  text = skip_blanks(text);
  std::size_t length = 0;
  while (length < text.size() && !is_blank(text[length]) &&
         ends.find(text[length]) == std::string_view::npos) {
    ++length;
  }
  std::string taken(text.substr(0, length));
  text = skip_blanks(text.substr(length));
  return taken;
}

bool take(std::string_view& text, char character) {
  text = skip_blanks(text);
  if (text.empty() || text.front() != character) {
    return false;
  }
  text = skip_blanks(text.substr(1));
  return true;
}

// "{a,b}" or "a"; a single one ends at a comma, which stays, or at `end`.
std::optional<std::vector<std::string>> take_group(std::string_view& text) {
  std::vector<std::string> members;
  if (!take(text, '{')) {
    members.push_back(take_until(text, ",})"));
    return members;
  }
  do {
    members.push_back(take_until(text, ",})"));
  } while (take(text, ','));
  return take(text, '}') ? std::optional(std::move(members)) : std::nullopt;
}

std::string hexadecimal(long value) {
  std::array<char, 2 * sizeof(long)> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(),
                                          static_cast<unsigned long>(value), 16);
  return {digits.data(), error == std::errc() ? end : digits.data()};
}

}  // namespace

std::optional<Sequence> Sequence::parse(std::string_view line, const std::string& directory,
                                        Definitions& definitions) {
  Sequence sequence;
  const bool range = line.substr(0, 4) == "~SEQ";
  line.remove_prefix(4);
  if (range && !line.empty() && line.front() == 'x') {
    sequence.hexadecimal_ = true;
    line.remove_prefix(1);
  }
  if (!take(line, '(')) {
    return std::nullopt;
  }
  const std::size_t end = line.find(')');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  sequence.text_ = skip_blanks(line.substr(end + 1));
  std::string arguments(line.substr(0, end));
  if (!range) {
    return sequence.parse_list(arguments) ? std::optional(std::move(sequence)) : std::nullopt;
  }
  if (definitions.substitute(arguments, directory, false).endless) {
    return std::nullopt;
  }
  return sequence.parse_range(arguments) ? std::optional(std::move(sequence)) : std::nullopt;
}

bool Sequence::parse_range(std::string_view arguments) {
  names_.push_back(take_until(arguments, ","));
  if (names_.front().empty()) {
    return false;
  }
  std::vector<long> numbers;
  while (take(arguments, ',')) {
    const std::string word = take_until(arguments, ",");
    char* stopped = nullptr;
    numbers.push_back(std::strtol(word.c_str(), &stopped, 0));
    if (*stopped != '\0') {
      return false;
    }
  }
  if (!arguments.empty() || numbers.empty() || numbers.size() > 3) {
    return false;
  }
  last_ = numbers.back();
  if (numbers.size() == 1) {
    next_ = last_ < 0 ? -1 : 1;
    step_ = last_ < 1 ? -1 : 1;
  } else {
    next_ = numbers.front();
    step_ = numbers.size() == 3 ? numbers[1] : (next_ <= last_ ? 1 : -1);
  }
  const bool away = (next_ < last_ && step_ < 0) || (next_ > last_ && step_ > 0);
  return step_ != 0 && !away && !(hexadecimal_ && (next_ < 0 || last_ < 0));
}

bool Sequence::parse_list(std::string_view arguments) {
  std::optional<std::vector<std::string>> group = take_group(arguments);
  if (!group) {
    return false;
  }
  names_ = std::move(*group);
  while (take(arguments, ',')) {
    group = take_group(arguments);
    if (!group || group->size() > names_.size()) {
      return false;
    }
    group->resize(names_.size());
    sets_.push_back(std::move(*group));
  }
  return arguments.empty() && !sets_.empty();
}

bool Sequence::advance(Definitions& definitions) {
  if (!sets_.empty()) {
    if (next_set_ == sets_.size()) {
      return false;
    }
    for (std::size_t index = 0; index < names_.size(); ++index) {
      definitions.set(names_[index], sets_[next_set_][index]);
    }
    ++next_set_;
    return true;
  }
  if (ended_) {
    return false;
  }
  definitions.set(names_.front(), hexadecimal_ ? hexadecimal(next_) : std::to_string(next_));
  ended_ =
      __builtin_add_overflow(next_, step_, &next_) || (step_ > 0 ? next_ > last_ : next_ < last_);
  return true;
}

}  // namespace batch_notifier::config
