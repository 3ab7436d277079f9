// SPDX-License-Identifier: MIT
#include "config/settings_reader.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "config/mark.hpp"
#include "config/values.hpp"
#include "config/words.hpp"

namespace batch_notifier::config {

namespace {

// Where a setting may stand.
enum class Place {
  outside,    // Not in a vrrp_instance block.
  anywhere,   // In one it applies to that instance only.
  instance,   // Only in one.
  not_built,  // Known, for a later version.
};

// How many values a setting has.
enum class Values { none, one, two, more };

struct Key {
  std::string_view name;
  Place place;
  Values values;
};

// All settings but the notifiers, whose keywords are the caller's.
constexpr std::array<Key, 13> keys = {{
    {"batch_wait", Place::outside, Values::one},
    {"batch_max_wait", Place::outside, Values::one},
    {"batch_max_changes", Place::outside, Values::one},
    {"batch_interval", Place::outside, Values::one},
    {"master_hold", Place::anywhere, Values::one},
    {"repeat_interval", Place::outside, Values::one},
    {"stop_timeout", Place::outside, Values::one},
    {"health_wait", Place::outside, Values::one},
    {"heartbeat_interval", Place::outside, Values::one},
    {"label", Place::anywhere, Values::two},
    {"ignore", Place::instance, Values::none},
    {"dbus_name", Place::not_built, Values::more},
    {"watch_config", Place::not_built, Values::more},
}};

Complaint not_available(std::string_view name) {
  return std::string(name) + " is not available in this version";
}

Complaint misplaced(std::string_view name) {
  return std::string(name) + " stands outside of vrrp_instance blocks";
}

Complaint check_key(const Key& key, std::size_t values, bool in_instance) {
  const std::string name(key.name);
  if (key.place == Place::not_built) {
    return not_available(name);
  }
  if (key.place == Place::outside && in_instance) {
    return misplaced(name);
  }
  if (key.place == Place::instance && !in_instance) {
    return name + " stands in a vrrp_instance block";
  }
  if (key.values == Values::more) {
    return {};
  }
  const auto wanted = static_cast<std::size_t>(key.values);
  if (values < wanted) {
    return name + (wanted == 1 ? " lacks its value" : " lacks its key or its value");
  }
  return values > wanted ? name + " has a value too many" : "";
}

Complaint time_complaint(const std::string& key, const std::string& word) {
  return key + " " + shown(word) + " is not a time in seconds from 0 to 86400";
}

bool is_label_key(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_' || character == '-' ||
           character == '.';
  });
}

}  // namespace

void SettingsReader::read(const Line& line, core::Instance* instance) {
  const std::optional<Words> words = split_command(line.text);
  Complaint complaint;
  if (!words) {
    complaint = "unbalanced quote or wrong escape";
  } else if (words->empty()) {
    complaint = std::string(setting_mark) + " lacks a setting";
  } else {
    complaint = read_words(line.location, *words, instance);
  }
  if (!complaint.empty()) {
    problems_.add(line.location, complaint + "; the line is ignored");
  }
}

Complaint SettingsReader::read_words(const core::SourceLocation& location, const Words& words,
                                     core::Instance* instance) {
  const std::string& name = words.front();
  const auto* const key =
      std::find_if(keys.begin(), keys.end(), [&](const Key& known) { return known.name == name; });
  if (key == keys.end()) {
    const core::NotifierKind* kind = core::find_kind(kinds_, name);
    return kind == nullptr ? "unknown setting " + shown(name)
                           : read_notifier(*kind, location, words, instance != nullptr);
  }
  if (Complaint complaint = check_key(*key, words.size() - 1, instance != nullptr);
      !complaint.empty()) {
    return complaint;
  }
  if (name == "label") {
    return read_label(words, instance);
  }
  if (name == "master_hold") {
    return read_master_hold(words[1], instance);
  }
  if (name == "ignore") {
    instance->ignored = true;
    return {};
  }
  if (name == "batch_max_changes") {
    return read_max_changes(words[1]);
  }
  core::Duration* time = find_time(name);
  const std::optional<core::Duration> value = parse_seconds(words[1]);
  if (!value) {
    return time_complaint(name, words[1]);
  }
  *time = *value;
  return {};
}

core::Duration* SettingsReader::find_time(std::string_view key) {
  struct Time {
    std::string_view name;
    core::Duration& value;
  };
  const std::array<Time, 7> times = {{
      {"batch_wait", settings_.timing.wait},
      {"batch_max_wait", settings_.timing.max_wait},
      {"batch_interval", settings_.timing.interval},
      {"repeat_interval", settings_.timing.repeat_interval},
      {"stop_timeout", settings_.stop_timeout},
      {"health_wait", settings_.health_wait},
      {"heartbeat_interval", settings_.heartbeat_interval},
  }};
  const auto* const found =
      std::find_if(times.begin(), times.end(), [&](const Time& time) { return time.name == key; });
  return found == times.end() ? nullptr : &found->value;
}

Complaint SettingsReader::read_master_hold(const std::string& word, core::Instance* instance) {
  core::MasterHold hold;
  if (word != "advert") {
    hold.fixed = parse_seconds(word);
    if (!hold.fixed) {
      return time_complaint("master_hold", word) + ", nor advert";
    }
  }
  if (instance != nullptr) {
    instance->master_hold = hold;
  } else {
    settings_.master_hold = hold;
  }
  return {};
}

Complaint SettingsReader::read_label(const Words& words, core::Instance* instance) {
  if (!is_label_key(words[1])) {
    return "label key " + shown(words[1]) + " is not made of letters, digits, '_', '-' and '.'";
  }
  core::Labels& labels = instance != nullptr ? instance->labels : labels_;
  labels[words[1]] = words[2];
  return {};
}

Complaint SettingsReader::read_max_changes(const std::string& word) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  const std::optional<std::uint64_t> number = parse_number(word, 0, most);
  if (!number) {
    return "batch_max_changes " + shown(word) + " is not a number from 0 (no limit) to " +
           std::to_string(most);
  }
  settings_.timing.max_changes = *number;
  return {};
}

Complaint SettingsReader::read_notifier(const core::NotifierKind& kind,
                                        const core::SourceLocation& location, const Words& words,
                                        bool in_instance) {
  if (!kind.available) {
    return not_available(kind.keyword);
  }
  if (in_instance) {
    return misplaced(kind.keyword);
  }
  core::NotifierSettings notifier;
  notifier.location = location;
  if (Complaint complaint = parse_notifier(words, kind, kinds_, notifier); !complaint.empty()) {
    return complaint;
  }
  notifier.name = notifier.kind + ":" + std::to_string(++notifiers_of_kind_[notifier.kind]);
  settings_.notifiers.push_back(std::move(notifier));
  return {};
}

}  // namespace batch_notifier::config
