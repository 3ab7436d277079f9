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
// The end of the year 9999, in microseconds: times beyond it cannot be told to anybody.
constexpr std::uint64_t last_time = 253'402'300'799'999'999;

std::string header_of(std::string_view body) {
  const auto checksum = crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  return std::string(magic) + std::to_string(body.size()) + " " + std::to_string(checksum);
}

std::string word(core::VrrpState state) {
  return std::string(to_string(state));
}

// Names are bytes of whatever encoding keepalived.conf has, and JSON takes only Unicode: each byte
// stands there as the character of its number.
std::string characters_of(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    const auto number = static_cast<unsigned char>(byte);
    if (number < 0x80) {
      text += byte;
    } else {
      text += static_cast<char>(0xc0 | number >> 6);
      text += static_cast<char>(0x80 | (number & 0x3f));
    }
  }
  return text;
}

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
      throw std::runtime_error("a name with a character that stands for no byte");
    }
  }
  return bytes;
}

core::VrrpState state_of(const json& value) {
  const std::optional<core::VrrpState> state =
      core::parse_vrrp_state(value.get_ref<const std::string&>());
  if (!state) {
    throw std::runtime_error("no such state: " + value.dump());
  }
  return *state;
}

// JSON's own conversions take fractions and truth values for numbers, and cut off what is too much.
std::uint64_t number_up_to(std::uint64_t last, const json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > last) {
    throw std::runtime_error("not a number that can stand here: " + value.dump());
  }
  return value.get<std::uint64_t>();
}

/// An enumerator by its number; the numbers are part of the format's version.
template <typename Enumeration>
Enumeration enumerator_of(const json& value, Enumeration last) {
  return static_cast<Enumeration>(number_up_to(static_cast<std::uint64_t>(last), value));
}

template <typename Enumeration>
unsigned number_of(Enumeration value) {
  return static_cast<unsigned>(value);
}

json to_json(const core::InstanceRecord& record) {
  return {characters_of(record.name),
          characters_of(record.interface),
          record.vrid,
          number_of(record.family),
          word(record.state),
          record.since.time_since_epoch().count(),
          number_of(record.cause),
          number_of(record.health),
          record.last_word ? json(word(*record.last_word)) : json(nullptr)};
}

core::InstanceRecord instance_of(const json& value) {
  core::InstanceRecord record;
  record.name = bytes_of(value.at(0));
  record.interface = bytes_of(value.at(1));
  record.vrid = static_cast<std::uint8_t>(number_up_to(255, value.at(2)));
  record.family = enumerator_of(value.at(3), core::AddressFamily::ipv6);
  record.state = state_of(value.at(4));
  record.since = core::UtcTime(core::Duration(number_up_to(last_time, value.at(5))));
  record.cause = enumerator_of(value.at(6), core::Cause::shutdown);
  record.health = enumerator_of(value.at(7), core::last_health);
  if (!value.at(8).is_null()) {
    record.last_word = state_of(value.at(8));
  }
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
    record.health = enumerator_of(value.at(1), core::last_health);
  }
  record.uncertain = value.at(2).get<bool>();
  std::vector<core::VrrpState> path;
  for (const json& state : value.at(4)) {
    path.push_back(state_of(state));
  }
  const auto trail = core::Trail::restored(path, number_up_to(UINT64_MAX, value.at(3)));
  if (!trail || path.front() != record.state || trail->end() != instance.state) {
    throw std::runtime_error("the path of " + instance.name + " leads nowhere");
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
    notifiers.push_back(
        json::array({characters_of(notifier.consumer), notifier.snapshot_told, std::move(told)}));
  }
  const json body = {{"keepalived", ledger.keepalived},
                     {"fifo", ledger.fifo},
                     {"handed_over", ledger.handed_over},
                     {"instances", std::move(instances)},
                     {"notifiers", std::move(notifiers)}};
  const std::string text = body.dump() + "\n";
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
    ledger.keepalived = value.at("keepalived").get<std::string>();
    ledger.fifo = value.at("fifo").get<std::string>();
    ledger.handed_over = value.at("handed_over").get<bool>();
    for (const json& instance : value.at("instances")) {
      ledger.instances.push_back(instance_of(instance));
    }
    if (core::positions_by_name(ledger).size() != ledger.instances.size()) {
      throw std::runtime_error("an instance stands there twice");
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
