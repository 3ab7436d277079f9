// SPDX-License-Identifier: MIT
#include "config/notifier_line.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "config/problem.hpp"
#include "config/values.hpp"
#include "config/words.hpp"

namespace batch_notifier::config {

namespace {

using Words = std::vector<std::string>;

// Less would be as good as no delivery, or as retrying without a pause.
constexpr core::Duration shortest_delivery_time = std::chrono::milliseconds(100);

// Reads an option whose name is at `position`, and moves behind its values, of which there is one.
using OptionParser = Complaint (*)(const Words& words, std::size_t& position,
                                   core::NotifierSettings& notifier);

struct Option {
  std::string_view name;
  OptionParser parse;
};

bool is_option(std::string_view word);

Complaint parse_delivery_time(const Words& words, std::size_t& position, core::Duration& time) {
  const std::string& option = words[position++];
  const std::string& word = words[position++];
  const std::optional<core::Duration> value = parse_seconds(word);
  if (!value || *value < shortest_delivery_time) {
    return option + " " + shown(word) + " is not a time in seconds from 0.1 to 86400";
  }
  time = *value;
  return {};
}

Complaint parse_timeout(const Words& words, std::size_t& position,
                        core::NotifierSettings& notifier) {
  return parse_delivery_time(words, position, notifier.timeout);
}

Complaint parse_retry_max(const Words& words, std::size_t& position,
                          core::NotifierSettings& notifier) {
  return parse_delivery_time(words, position, notifier.retry_max);
}

Complaint parse_user(const Words& words, std::size_t& position, core::NotifierSettings& notifier) {
  core::UserName name;
  name.user = words[++position];
  ++position;
  if (position < words.size() && !is_option(words[position])) {
    name.group = words[position++];
    if (name.group.empty()) {
      return "the group of user is empty";
    }
  }
  if (name.user.empty()) {
    return "user is empty";
  }
  notifier.user = std::move(name);
  return {};
}

Complaint parse_states(const Words& words, std::size_t& position,
                       core::NotifierSettings& notifier) {
  notifier.states.clear();
  std::string_view rest = words[++position];
  ++position;
  for (;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    const std::optional<core::VrrpState> state = core::parse_vrrp_state(word);
    if (!state) {
      return "states takes a list such as MASTER,BACKUP of INIT, BACKUP, MASTER, FAULT, STOP, "
             "DELETED and UNKNOWN, and not " +
             shown(word);
    }
    notifier.states.push_back(*state);
    if (comma == std::string_view::npos) {
      return {};
    }
    rest.remove_prefix(comma + 1);
  }
}

Complaint parse_instances(const Words& words, std::size_t& position,
                          core::NotifierSettings& notifier) {
  notifier.instances = words[++position];
  ++position;
  return notifier.instances.empty() ? "instances is empty" : "";
}

Complaint refuse(const Words& words, std::size_t& position, core::NotifierSettings&) {
  return words[position] + " is not available in this version";
}

constexpr std::array<Option, 5> options = {{{"timeout", parse_timeout},
                                            {"retry_max", parse_retry_max},
                                            {"user", parse_user},
                                            {"states", parse_states},
                                            {"instances", parse_instances}}};

constexpr std::array<Option, 5> later_options = {{{"in_namespace", refuse},
                                                  {"header_file", refuse},
                                                  {"ca_file", refuse},
                                                  {"cert_file", refuse},
                                                  {"key_file", refuse}}};

const Option* find_option(std::string_view word) {
  for (const auto* table : {&options, &later_options}) {
    const auto* const found = std::find_if(
        table->begin(), table->end(), [&](const Option& option) { return option.name == word; });
    if (found != table->end()) {
      return found;
    }
  }
  return nullptr;
}

bool is_option(std::string_view word) {
  return find_option(word) != nullptr;
}

Complaint parse_command(const std::string& text, std::vector<std::string>& command) {
  std::optional<std::vector<std::string>> words = split_command(text);
  if (!words) {
    return "the command has an unbalanced quote or a wrong escape";
  }
  if (words->empty() || words->front().empty()) {
    return "the command is empty";
  }
  if (words->front().front() != '/') {
    return "the command " + shown(words->front()) + " has no absolute path";
  }
  command = std::move(*words);
  return {};
}

Complaint parse_target(const std::string& word, core::NotifierSettings& notifier) {
  if (notifier.kind == core::NotifierKind::notify_batch) {
    return parse_command(word, notifier.target);
  }
  if (word.empty() || word.front() != '/') {
    return "the file " + shown(word) + " has no absolute path";
  }
  notifier.target.assign(1, word);
  return {};
}

}  // namespace

Complaint parse_notifier(const std::vector<std::string>& words, core::NotifierSettings& notifier) {
  const bool command = notifier.kind == core::NotifierKind::notify_batch;
  if (words.size() < 2) {
    return words.front() + (command ? " lacks its command" : " lacks its file");
  }
  if (Complaint complaint = parse_target(words[1], notifier); !complaint.empty()) {
    return complaint;
  }
  std::size_t position = 2;
  while (position < words.size()) {
    const std::string& word = words[position];
    const Option* option = find_option(word);
    if (option == nullptr) {
      return "unknown option " + shown(word) +
             (command && position == 2 ? " (a command with arguments stands in quotes)" : "");
    }
    if (position + 1 == words.size() && option->parse != refuse) {
      return "option " + word + " lacks its value";
    }
    if (Complaint complaint = option->parse(words, position, notifier); !complaint.empty()) {
      return complaint;
    }
  }
  return {};
}

}  // namespace batch_notifier::config
