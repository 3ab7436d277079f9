// SPDX-License-Identifier: MIT
/// @file
/// The writing half of ledger_format.hpp. The ledger is written before every delivery, so its text
/// is appended piece by piece instead of built as a tree: a tenth of the time.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "ledger/ledger_format.hpp"
#include "ledger/ledger_frame.hpp"

namespace batch_notifier::ledger {

namespace {

// Names are bytes in the encoding of keepalived.conf, and JSON takes only Unicode: each byte is
// written as the character of that number.
void add_text(std::string& json, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  json += '"';
  for (const char byte : bytes) {
    const auto number = static_cast<unsigned char>(byte);
    if (number < 0x20) {
      json += "\\u00";
      json += digits[number >> 4U];
      json += digits[number & 0xfU];
    } else if (number >= 0x80) {
      json += static_cast<char>(0xc0 | number >> 6);
      json += static_cast<char>(0x80 | (number & 0x3f));
    } else {
      if (byte == '"' || byte == '\\') {
        json += '\\';
      }
      json += byte;
    }
  }
  json += '"';
}

/// A JSON array, value by value.
class Array {
 public:
  explicit Array(std::string& json) : json_(json) { json_ += '['; }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  ~Array() { json_ += ']'; }

  /// To add a value to.
  std::string& next() {
    if (!empty_) {
      json_ += ',';
    }
    empty_ = false;
    return json_;
  }
  void text(std::string_view bytes) { add_text(next(), bytes); }
  template <typename Number>
  void number(Number value) {
    next() += std::to_string(value);
  }
  /// An enumerator by its number, which is part of the format's version.
  template <typename Enumeration>
  void enumerator(Enumeration value) {
    number(static_cast<unsigned>(value));
  }
  void truth(bool value) { next() += value ? "true" : "false"; }
  void state(const std::optional<core::VrrpState>& state) {
    if (state) {
      text(to_string(*state));
    } else {
      next() += "null";
    }
  }
  void health(const std::optional<core::Health>& health) {
    if (health) {
      enumerator(*health);
    } else {
      next() += "null";
    }
  }

 private:
  std::string& json_;
  bool empty_ = true;
};

void add_instance(std::string& json, const core::InstanceRecord& record) {
  Array values(json);
  values.text(record.keepalived);
  values.text(record.name);
  values.text(record.interface);
  values.number(record.vrid);
  values.enumerator(record.family);
  values.state(record.state);
  values.number(std::clamp(record.since, first_time, last_time).time_since_epoch().count());
  values.enumerator(record.cause);
  values.enumerator(record.health);
  values.state(record.last_word);
}

// A record that is up to date, as nearly all are most of the time, is its health alone.
void add_told(Array& list, const core::ToldRecord& record, const core::InstanceRecord& instance) {
  const bool up_to_date = !record.uncertain && record.state == instance.state &&
                          record.trail == core::Trail(instance.state);
  if (up_to_date) {
    list.health(record.health);
    return;
  }
  Array values(list.next());
  values.state(record.state);
  values.health(record.health);
  values.truth(record.uncertain);
  values.number(record.trail.transitions());
  Array path(values.next());
  for (const core::VrrpState state : record.trail.path()) {
    path.state(state);
  }
}

void add_notifier(std::string& json, const core::NotifierRecord& notifier,
                  const std::vector<core::InstanceRecord>& instances) {
  Array values(json);
  values.text(notifier.consumer);
  values.truth(notifier.snapshot_told);
  Array told(values.next());
  // A record has as many as there are instances; one that has not is refused when it is read.
  const std::size_t count = std::min(notifier.told.size(), instances.size());
  for (std::size_t index = 0; index < count; ++index) {
    add_told(told, notifier.told[index], instances[index]);
  }
}

}  // namespace

std::string write_ledger(const core::Ledger& ledger) {
  std::string json = R"({"keepalived":)";
  add_text(json, ledger.keepalived);
  json += R"(,"fifo":)";
  add_text(json, ledger.fifo);
  json += ledger.handed_over ? R"(,"handed_over":true)" : R"(,"handed_over":false)";
  json += R"(,"instances":)";
  {
    Array instances(json);
    for (const core::InstanceRecord& instance : ledger.instances) {
      add_instance(instances.next(), instance);
    }
  }
  json += R"(,"notifiers":)";
  {
    Array notifiers(json);
    for (const core::NotifierRecord& notifier : ledger.notifiers) {
      add_notifier(notifiers.next(), notifier, ledger.instances);
    }
  }
  json += "}\n";
  return frame_ledger(json);
}

}  // namespace batch_notifier::ledger
