// SPDX-License-Identifier: MIT
#include "runtime/ledger_file.hpp"

#include <zlib.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <vector>

#include <nlohmann/json.hpp>

namespace batch_notifier::runtime {

namespace {

using nlohmann::json;

constexpr std::string_view magic = "batch_notifier ledger 1 ";

std::string header_of(std::string_view body) {
  const auto checksum = crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  return std::string(magic) + std::to_string(body.size()) + " " + std::to_string(checksum);
}

std::string word(core::VrrpState state) {
  return std::string(to_string(state));
}

core::VrrpState state_of(const json& value) {
  const std::optional<core::VrrpState> state =
      core::parse_vrrp_state(value.get_ref<const std::string&>());
  if (!state) {
    throw std::runtime_error("no such state: " + value.dump());
  }
  return *state;
}

/// An enumerator by its number; the numbers are part of the format's version.
template <typename Enumeration>
Enumeration enumerator_of(const json& value, Enumeration last) {
  const auto number = value.get<std::uint64_t>();
  if (number > static_cast<std::uint64_t>(last)) {
    throw std::runtime_error("number out of range: " + value.dump());
  }
  return static_cast<Enumeration>(number);
}

template <typename Enumeration>
unsigned number_of(Enumeration value) {
  return static_cast<unsigned>(value);
}

json to_json(const core::InstanceRecord& record) {
  return {record.name,
          record.interface,
          record.vrid,
          number_of(record.family),
          word(record.state),
          record.since.time_since_epoch().count(),
          number_of(record.cause),
          number_of(record.health),
          record.current};
}

core::InstanceRecord instance_of(const json& value) {
  core::InstanceRecord record;
  record.name = value.at(0).get<std::string>();
  record.interface = value.at(1).get<std::string>();
  record.vrid = value.at(2).get<std::uint8_t>();
  record.family = enumerator_of(value.at(3), core::AddressFamily::ipv6);
  record.state = state_of(value.at(4));
  record.since = core::UtcTime(core::Duration(value.at(5).get<std::int64_t>()));
  record.cause = enumerator_of(value.at(6), core::Cause::shutdown);
  record.health = enumerator_of(value.at(7), core::Health::unknown);
  record.current = value.size() > 8 && value.at(8).get<bool>();
  return record;
}

json to_json(const core::ToldRecord& record) {
  json path = json::array();
  for (const core::VrrpState state : record.trail.path()) {
    path.push_back(word(state));
  }
  return {word(record.state), record.health ? json(number_of(*record.health)) : json(nullptr),
          record.uncertain, record.trail.transitions(), std::move(path)};
}

core::ToldRecord told_of(const json& value, const core::InstanceRecord& instance) {
  core::ToldRecord record;
  record.state = state_of(value.at(0));
  if (!value.at(1).is_null()) {
    record.health = enumerator_of(value.at(1), core::Health::unknown);
  }
  record.uncertain = value.at(2).get<bool>();
  std::vector<core::VrrpState> path;
  for (const json& state : value.at(4)) {
    path.push_back(state_of(state));
  }
  const auto trail = core::Trail::restored(path, value.at(3).get<std::uint64_t>());
  if (!trail || path.front() != record.state || trail->end() != instance.state) {
    throw std::runtime_error("the path of " + instance.name + " leads nowhere");
  }
  record.trail = *trail;
  return record;
}

core::NotifierRecord notifier_of(const json& value, const core::Ledger& ledger) {
  core::NotifierRecord record;
  record.consumer = value.at(0).get<std::string>();
  record.snapshot_told = value.at(1).get<bool>();
  const json& told = value.at(2);
  if (told.size() != ledger.instances.size()) {
    throw std::runtime_error("a notifier knows another number of instances");
  }
  for (std::size_t index = 0; index < told.size(); ++index) {
    record.told.push_back(told_of(told.at(index), ledger.instances[index]));
  }
  return record;
}

}  // namespace

std::string write_ledger(const core::Ledger& ledger) {
  json instances = json::array();
  for (const core::InstanceRecord& instance : ledger.instances) {
    instances.push_back(to_json(instance));
  }
  json notifiers = json::array();
  for (const core::NotifierRecord& notifier : ledger.notifiers) {
    json told = json::array();
    for (const core::ToldRecord& record : notifier.told) {
      told.push_back(to_json(record));
    }
    notifiers.push_back(json::array({notifier.consumer, notifier.snapshot_told, std::move(told)}));
  }
  const json body = {{"instances", std::move(instances)}, {"notifiers", std::move(notifiers)}};
  const std::string text = body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  return header_of(text) + "\n" + text;
}

core::Ledger read_ledger(std::string_view text) {
  const std::size_t end = text.find('\n');
  if (text.substr(0, magic.size()) != magic || end == std::string_view::npos) {
    throw std::runtime_error("it is not a ledger of this version");
  }
  const std::string_view body = text.substr(end + 1);
  if (text.substr(0, end) != header_of(body)) {
    throw std::runtime_error("its length or its checksum is wrong");
  }
  try {
    const json value = json::parse(body);
    core::Ledger ledger;
    for (const json& instance : value.at("instances")) {
      ledger.instances.push_back(instance_of(instance));
    }
    for (const json& notifier : value.at("notifiers")) {
      ledger.notifiers.push_back(notifier_of(notifier, ledger));
    }
    return ledger;
  } catch (const json::exception& error) {
    throw std::runtime_error(error.what());
  }
}

}  // namespace batch_notifier::runtime
