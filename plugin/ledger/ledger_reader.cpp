// SPDX-License-Identifier: MIT
/// @file
/// The reading half of ledger_format.hpp. A file with a right checksum can still come from a faulty
/// writer, so every value is checked for its type and range: a refused ledger costs a snapshot, a
/// wrong one costs false notifications.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "ledger/ledger_format.hpp"
#include "ledger/ledger_frame.hpp"
#include "runtime/text.hpp"

namespace batch_notifier::ledger {

namespace {

using nlohmann::json;

std::string bytes_of(const json& value) {
  const auto& text = value.get_ref<const std::string&>();
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) {
      bytes += text[at];
    } else if (first == 0xc2 || first == 0xc3) {
      ++at;
      bytes += static_cast<char>(first << 6 | (static_cast<unsigned char>(text.at(at)) & 0x3f));
    } else {
      throw std::runtime_error("a name has a character above U+00FF, which stands for no byte");
    }
  }
  return bytes;
}

core::VrrpState state_of(const json& value) {
  const std::optional<core::VrrpState> state =
      core::parse_vrrp_state(value.get_ref<const std::string&>());
  if (!state) {
    throw std::runtime_error(value.dump() + " is not a state");
  }
  return *state;
}

// JSON's own conversions take fractions and truth values for numbers, and wrap numbers that are too
// large.
std::uint64_t number_up_to(std::uint64_t last, const json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > last) {
    throw std::runtime_error(value.dump() + " is not a number from 0 to " + std::to_string(last));
  }
  return value.get<std::uint64_t>();
}

core::UtcTime time_of(const json& value) {
  const bool is_number = value.is_number_unsigned() ? value.get<std::uint64_t>() <= INT64_MAX
                                                    : value.is_number_integer();
  const core::UtcTime time(core::Duration(is_number ? value.get<std::int64_t>() : INT64_MAX));
  if (time < first_time || time > last_time) {
    throw std::runtime_error(value.dump() + " is not a time in the years 1 to 9999");
  }
  return time;
}

template <typename Enumeration>
Enumeration enumerator_of(const json& value, Enumeration last) {
  return static_cast<Enumeration>(number_up_to(static_cast<std::uint64_t>(last), value));
}

core::InstanceRecord instance_of(const json& value) {
  core::InstanceRecord record;
  record.keepalived = bytes_of(value.at(0));
  record.name = bytes_of(value.at(1));
  record.interface = bytes_of(value.at(2));
  record.vrid = static_cast<std::uint8_t>(number_up_to(255, value.at(3)));
  record.family = enumerator_of(value.at(4), core::AddressFamily::ipv6);
  record.state = state_of(value.at(5));
  record.since = time_of(value.at(6));
  record.cause = enumerator_of(value.at(7), core::Cause::shutdown);
  record.health = enumerator_of(value.at(8), core::last_health);
  if (!value.at(9).is_null()) {
    record.last_word = state_of(value.at(9));
  }
  return record;
}

std::optional<core::Health> health_of(const json& value) {
  return value.is_null() ? std::nullopt : std::optional(enumerator_of(value, core::last_health));
}

core::ToldRecord told_of(const json& value, const core::InstanceRecord& instance) {
  core::ToldRecord record;
  if (!value.is_array()) {
    record.state = instance.state;
    record.health = health_of(value);
    record.trail = core::Trail(instance.state);
    return record;
  }
  record.state = state_of(value.at(0));
  record.health = health_of(value.at(1));
  record.uncertain = value.at(2).get<bool>();
  std::vector<core::VrrpState> path;
  for (const json& state : value.at(4)) {
    path.push_back(state_of(state));
  }
  const auto trail = core::Trail::restored(path, number_up_to(UINT64_MAX, value.at(3)));
  if (!trail || path.front() != record.state || trail->end() != instance.state) {
    throw std::runtime_error("the path of " + instance.name +
                             " does not lead from the acknowledged state to the present one");
  }
  record.trail = *trail;
  return record;
}

core::NotifierRecord notifier_of(const json& value, const core::Ledger& ledger) {
  core::NotifierRecord record;
  record.consumer = bytes_of(value.at(0));
  record.snapshot_told = value.at(1).get<bool>();
  const json& told = value.at(2);
  if (told.size() != ledger.instances.size()) {
    throw std::runtime_error("a notifier's record has " +
                             runtime::count_text(told.size(), "instance") + " instead of " +
                             std::to_string(ledger.instances.size()));
  }
  for (std::size_t index = 0; index < told.size(); ++index) {
    record.told.push_back(told_of(told.at(index), ledger.instances[index]));
  }
  return record;
}

/// Throws if two instances have the same identity.
void require_distinct(const std::vector<core::InstanceRecord>& instances) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const core::InstanceRecord& instance : instances) {
    if (!seen.emplace(instance.keepalived, instance.name).second) {
      throw std::runtime_error("instance " + instance.name + " is listed twice");
    }
  }
}

}  // namespace

core::Ledger read_ledger(std::string_view text) {
  try {
    const json value = json::parse(unframe_ledger(text));
    core::Ledger ledger;
    ledger.keepalived = bytes_of(value.at("keepalived"));
    ledger.fifo = bytes_of(value.at("fifo"));
    ledger.handed_over = value.at("handed_over").get<bool>();
    for (const json& instance : value.at("instances")) {
      ledger.instances.push_back(instance_of(instance));
    }
    require_distinct(ledger.instances);
    for (const json& notifier : value.at("notifiers")) {
      ledger.notifiers.push_back(notifier_of(notifier, ledger));
    }
    return ledger;
  } catch (const json::exception& error) {
    throw std::runtime_error(error.what());
  }
}

}  // namespace batch_notifier::ledger
