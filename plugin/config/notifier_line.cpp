// SPDX-License-Identifier: MIT
#include "config/notifier_line.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "config/problem.hpp"
#include "config/values.hpp"
#include "config/words.hpp"

namespace batch_notifier::config {

namespace {

using Kinds = std::span<const core::NotifierKind>;
using Words = std::vector<std::string>;

// Less would be as good as no delivery, or as retrying without a pause.
constexpr core::Duration shortest_delivery_time = std::chrono::milliseconds(100);

// Reads one line word by word.
class NotifierLine {
 public:
  NotifierLine(const Words& words, const core::NotifierKind& kind, Kinds kinds,
               core::NotifierSettings& notifier)
      : words_(words), kind_(kind), kinds_(kinds), notifier_(notifier) {}

  Complaint read();

  Complaint read_timeout() { return read_delivery_time(notifier_.timeout); }
  Complaint read_retry_max() { return read_delivery_time(notifier_.retry_max); }
  Complaint read_repeat_interval();
  Complaint read_user();
  Complaint read_states();
  Complaint read_instances();
  Complaint read_environment();
  Complaint refuse() { return option_ + " is not available in this version"; }

 private:
  [[nodiscard]] bool is_option(std::string_view word) const;
  [[nodiscard]] bool at_end() const { return position_ == words_.size(); }
  const std::string& take() { return words_[position_++]; }

  Complaint read_target(const std::string& word);
  Complaint read_command(const std::string& text);
  Complaint read_option();
  Complaint read_own_option(const core::OwnOption& option);
  Complaint read_delivery_time(core::Duration& time);

  const Words& words_;
  const core::NotifierKind& kind_;
  Kinds kinds_;
  core::NotifierSettings& notifier_;
  std::string option_;
  std::size_t position_ = 1;
};

// An option that several kinds share, and how many values it has at least.
struct SharedOption {
  std::string_view keyword;
  std::size_t values;
  Complaint (NotifierLine::*read)();
};

constexpr std::array<SharedOption, 8> shared_options = {
    {{"timeout", 1, &NotifierLine::read_timeout},
     {"retry_max", 1, &NotifierLine::read_retry_max},
     {"repeat_interval", 1, &NotifierLine::read_repeat_interval},
     {"user", 1, &NotifierLine::read_user},
     {"states", 1, &NotifierLine::read_states},
     {"instances", 1, &NotifierLine::read_instances},
     {"env", 2, &NotifierLine::read_environment},
     {"in_namespace", 0, &NotifierLine::refuse}}};

const SharedOption* find_shared(std::string_view word) {
  const auto* const found =
      std::find_if(shared_options.begin(), shared_options.end(),
                   [&](const SharedOption& option) { return option.keyword == word; });
  return found == shared_options.end() ? nullptr : found;
}

const core::OwnOption* find_own(const core::NotifierKind& kind, std::string_view word) {
  const auto found =
      std::find_if(kind.own_options.begin(), kind.own_options.end(),
                   [&](const core::OwnOption& option) { return option.keyword == word; });
  return found == kind.own_options.end() ? nullptr : &*found;
}

bool takes(const core::NotifierKind& kind, std::string_view option) {
  return std::find(kind.options.begin(), kind.options.end(), option) != kind.options.end() ||
         find_own(kind, option) != nullptr;
}

std::string_view target_noun(core::TargetForm form) {
  constexpr std::array<std::string_view, 4> nouns = {"command", "file", "URL", "socket"};
  return nouns.at(static_cast<std::size_t>(form));
}

bool is_url(std::string_view word) {
  constexpr std::array<std::string_view, 3> schemes = {"http://", "https://", "unix:/"};
  return std::any_of(schemes.begin(), schemes.end(), [&](std::string_view scheme) {
    return word.starts_with(scheme) && word.size() > scheme.size();
  });
}

bool is_absolute(std::string_view path) {
  return path.starts_with('/');
}

bool is_variable_name(std::string_view word) {
  return !word.empty() && word.find_first_of("0123456789") != 0 &&
         std::all_of(word.begin(), word.end(), [](char character) {
           return (character >= 'a' && character <= 'z') ||
                  (character >= 'A' && character <= 'Z') ||
                  (character >= '0' && character <= '9') || character == '_';
         });
}

Complaint NotifierLine::read() {
  if (at_end()) {
    return words_.front() + " lacks its " + std::string(target_noun(kind_.target));
  }
  Complaint complaint = read_target(take());
  while (complaint.empty() && !at_end()) {
    complaint = read_option();
  }
  return complaint;
}

Complaint NotifierLine::read_target(const std::string& word) {
  switch (kind_.target) {
    case core::TargetForm::command:
      return read_command(word);
    case core::TargetForm::url:
      if (!is_url(word)) {
        return shown(word) + " is not an http://, https:// or unix:/ URL";
      }
      break;
    case core::TargetForm::file:
    case core::TargetForm::socket:
      if (!is_absolute(word)) {
        return "the " + std::string(target_noun(kind_.target)) + " " + shown(word) +
               " has no absolute path";
      }
      break;
  }
  notifier_.target.assign(1, word);
  return {};
}

Complaint NotifierLine::read_command(const std::string& text) {
  std::optional<Words> command = split_command(text);
  if (!command) {
    return "the command has an unbalanced quote or a wrong escape";
  }
  if (command->empty() || command->front().empty()) {
    return "the command is empty";
  }
  if (!is_absolute(command->front())) {
    return "the command " + shown(command->front()) + " has no absolute path";
  }
  notifier_.target = std::move(*command);
  return {};
}

bool NotifierLine::is_option(std::string_view word) const {
  return find_shared(word) != nullptr ||
         std::any_of(kinds_.begin(), kinds_.end(), [&](const core::NotifierKind& kind) {
           return find_own(kind, word) != nullptr;
         });
}

Complaint NotifierLine::read_option() {
  const bool first = position_ == 2;
  option_ = take();
  if (!takes(kind_, option_)) {
    if (is_option(option_)) {
      return words_.front() + " has no option " + option_;
    }
    const bool unquoted = first && kind_.target == core::TargetForm::command;
    return "unknown option " + shown(option_) +
           (unquoted ? " (a command with arguments stands in quotes)" : "");
  }
  const core::OwnOption* own = find_own(kind_, option_);
  const SharedOption* shared = find_shared(option_);
  const std::size_t wanted = own != nullptr ? 1 : shared->values;
  if (words_.size() - position_ < wanted) {
    return "option " + option_ + (wanted == 1 ? " lacks its value" : " lacks its name or value");
  }
  return own != nullptr ? read_own_option(*own) : (this->*shared->read)();
}

Complaint NotifierLine::read_own_option(const core::OwnOption& option) {
  const std::string& word = take();
  switch (option.value) {
    case core::OptionValue::word:
      if (word.empty()) {
        return option_ + " is empty";
      }
      break;
    case core::OptionValue::file:
      if (!is_absolute(word)) {
        return option_ + " " + shown(word) + " has no absolute path";
      }
      break;
    case core::OptionValue::number:
      if (!parse_number(word, 0, std::numeric_limits<std::uint32_t>::max())) {
        return option_ + " " + shown(word) + " is not a number";
      }
      break;
  }
  notifier_.own_options[option_] = word;
  return {};
}

Complaint NotifierLine::read_delivery_time(core::Duration& time) {
  const std::string& word = take();
  const std::optional<core::Duration> value = parse_seconds(word);
  if (!value || *value < shortest_delivery_time) {
    return option_ + " " + shown(word) + " is not a time in seconds from 0.1 to 86400";
  }
  time = *value;
  return {};
}

Complaint NotifierLine::read_repeat_interval() {
  const std::string& word = take();
  notifier_.repeat_interval = parse_seconds(word);
  return notifier_.repeat_interval
             ? ""
             : option_ + " " + shown(word) + " is not a time in seconds from 0 to 86400";
}

Complaint NotifierLine::read_user() {
  core::UserName name;
  name.user = take();
  if (!at_end() && !is_option(words_[position_])) {
    name.group = take();
    if (name.group.empty()) {
      return "the group of user is empty";
    }
  }
  if (name.user.empty()) {
    return "user is empty";
  }
  notifier_.user = std::move(name);
  return {};
}

Complaint NotifierLine::read_states() {
  notifier_.states.clear();
  std::string_view rest = take();
  for (;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    const std::optional<core::VrrpState> state = core::parse_vrrp_state(word);
    if (!state) {
      return "states takes a list such as MASTER,BACKUP of INIT, BACKUP, MASTER, FAULT, STOP, "
             "DELETED and UNKNOWN, and not " +
             shown(word);
    }
    notifier_.states.push_back(*state);
    if (comma == std::string_view::npos) {
      return {};
    }
    rest.remove_prefix(comma + 1);
  }
}

Complaint NotifierLine::read_instances() {
  const std::string& glob = take();
  if (glob.empty()) {
    return "instances is empty";
  }
  notifier_.instances = glob;
  notifier_.selects = [glob](const std::string& name) {
    return fnmatch(glob.c_str(), name.c_str(), 0) == 0;
  };
  return {};
}

Complaint NotifierLine::read_environment() {
  constexpr std::string_view reserved = "KEEPALIVED_BATCH_";
  const std::string& name = take();
  const std::string& value = take();
  if (!is_variable_name(name)) {
    return "env " + shown(name) + " is not made of letters, digits and '_'";
  }
  if (name.starts_with(reserved)) {
    return "env " + name + " is set by the plugin";
  }
  auto& environment = notifier_.environment;
  const bool twice = std::any_of(environment.begin(), environment.end(),
                                 [&](const auto& known) { return known.first == name; });
  if (twice) {
    return "env " + name + " is given twice";
  }
  environment.emplace_back(name, value);
  return {};
}

}  // namespace

Complaint parse_notifier(const std::vector<std::string>& words, const core::NotifierKind& kind,
                         std::span<const core::NotifierKind> kinds,
                         core::NotifierSettings& notifier) {
  notifier.kind = kind.keyword;
  return NotifierLine(words, kind, kinds, notifier).read();
}

}  // namespace batch_notifier::config
