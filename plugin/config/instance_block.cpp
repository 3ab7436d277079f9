// SPDX-License-Identifier: MIT
#include "config/instance_block.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>
#include <variant>

#include <net/if.h>

#include "config/address_line.hpp"
#include "config/values.hpp"

namespace batch_notifier::config {

namespace {

constexpr core::Duration shortest_advert = std::chrono::milliseconds(10);
constexpr core::Duration longest_advert = std::chrono::seconds(255);

}  // namespace

struct InstanceBlock::Keyword {
  std::string_view name;
  bool has_value;
  Reader reader;
};

void InstanceBlock::read(const Statement& statement) {
  static constexpr std::array<Keyword, 17> keywords = {{
      {"interface", true, &InstanceBlock::read_interface},
      {"virtual_router_id", true, &InstanceBlock::read_router_id},
      {"priority", true, &InstanceBlock::read_priority},
      {"advert_int", true, &InstanceBlock::read_advert_interval},
      {"state", true, &InstanceBlock::read_state},
      {"version", true, &InstanceBlock::read_version},
      {"dont_track_primary", false, &InstanceBlock::read_dont_track_primary},
      {"native_ipv6", false, &InstanceBlock::read_native_ipv6},
      {"use_vmac", false, &InstanceBlock::read_use_vmac},
      {"use_vmac_addr", false, &InstanceBlock::read_use_vmac_addr},
      {"mcast_src_ip", true, &InstanceBlock::read_source_address},
      {"mcast_dst_ip", true, &InstanceBlock::read_source_address},
      {"unicast_src_ip", true, &InstanceBlock::read_unicast_source},
      {"unicast_peer", false, &InstanceBlock::read_unicast_peers},
      {"virtual_ipaddress", false, &InstanceBlock::read_addresses},
      {"virtual_ipaddress_excluded", false, &InstanceBlock::read_excluded_addresses},
      {"use_ipvlan", false, &InstanceBlock::read_source_address},
  }};
  const auto* const keyword =
      std::find_if(keywords.begin(), keywords.end(),
                   [&](const Keyword& known) { return known.name == statement.words.front(); });
  if (keyword == keywords.end()) {
    return;
  }
  if (keyword->has_value && statement.words.size() < 2) {
    complain(statement, statement.words.front() + " lacks its value; the line is ignored");
    return;
  }
  (this->*keyword->reader)(statement);
}

void InstanceBlock::read_interface(const Statement& statement) {
  const std::string& name = statement.words[1];
  if (name.empty() || name.size() >= IFNAMSIZ) {
    complain(statement, "interface " + shown(name) + " is no interface name; it is ignored");
    return;
  }
  draft_.instance.interface = name;
}

void InstanceBlock::read_router_id(const Statement& statement) {
  const std::optional<std::uint64_t> number = parse_number(statement.words[1], 1, 255);
  if (!number) {
    complain(statement,
             "virtual_router_id " + shown(statement.words[1]) + " is not a number from 1 to 255");
    return;
  }
  draft_.instance.vrid = static_cast<std::uint8_t>(*number);
}

void InstanceBlock::read_priority(const Statement& statement) {
  const std::optional<std::uint64_t> number = parse_number(statement.words[1], 1, 255);
  if (!number) {
    complain(statement, "priority " + shown(statement.words[1]) +
                            " is not a number from 1 to 255; keepalived takes 100");
  }
  draft_.priority = static_cast<std::uint8_t>(number.value_or(100));
}

void InstanceBlock::read_advert_interval(const Statement& statement) {
  const std::optional<core::Duration> time = parse_seconds(statement.words[1]);
  if (!time || *time < shortest_advert || *time > longest_advert) {
    complain(statement, "advert_int " + shown(statement.words[1]) +
                            " is not a time in seconds from 0.01 to 255; it is ignored");
    return;
  }
  draft_.instance.advert_interval = *time;
}

void InstanceBlock::read_state(const Statement& statement) {
  draft_.starts_as_master = draft_.starts_as_master || statement.words[1] == "MASTER";
}

void InstanceBlock::read_version(const Statement& statement) {
  const std::optional<std::uint64_t> number = parse_number(statement.words[1], 2, 3);
  const bool conflict = number && ((draft_.version != 0 && draft_.version != *number) ||
                                   (*number == 2 && draft_.family == core::AddressFamily::ipv6));
  if (number && !conflict) {
    draft_.version = static_cast<unsigned>(*number);
  }
}

void InstanceBlock::read_dont_track_primary(const Statement& /*statement*/) {
  draft_.instance.tracks_interface = false;
}

void InstanceBlock::read_native_ipv6(const Statement& statement) {
  if (draft_.family == core::AddressFamily::ipv4) {
    complain(statement, "native_ipv6 comes after an IPv4 address; it is ignored");
    return;
  }
  draft_.family = core::AddressFamily::ipv6;
  draft_.version = 3;
}

// `use_vmac [NAME] [MAC]`, and since 2.3.0 `name NAME`, `group GROUP` and `netlink_notify_msg`.
void InstanceBlock::read_use_vmac(const Statement& statement) {
  draft_.use_vmac = true;
  for (std::size_t position = 1; position < statement.words.size(); ++position) {
    const std::string& word = statement.words[position];
    if (word == "group") {
      ++position;
    } else if (word != "name" && word != "netlink_notify_msg" && !word.empty() &&
               word.size() < IFNAMSIZ && word.find_first_of(":/") == std::string::npos &&
               draft_.vmac_name.empty()) {
      draft_.vmac_name = word;
    }
  }
}

void InstanceBlock::read_use_vmac_addr(const Statement&) {
  draft_.use_vmac_addr = true;
}

void InstanceBlock::read_source_address(const Statement& statement) {
  for (std::size_t position = 1; position < statement.words.size(); ++position) {
    imply_family(statement.words[position]);
  }
}

void InstanceBlock::read_unicast_source(const Statement& statement) {
  draft_.unicast = true;
  imply_family(statement.words[1]);
}

void InstanceBlock::read_unicast_peers(const Statement& statement) {
  draft_.unicast = true;
  blocks_.enter(statement, [this](const Statement& peer) { imply_family(peer.words.front()); });
}

void InstanceBlock::read_addresses(const Statement& statement) {
  blocks_.enter(statement, [this](const Statement& line) {
    std::optional<AddressDraft> address = read_address(line);
    if (!address) {
      return;
    }
    const core::AddressFamily family = address->address.address.family;
    if (draft_.family.value_or(family) != family) {
      complain(line, shown(line.words.front()) + " is not of the instance's family, " +
                         std::string(core::to_string(*draft_.family)) + "; it is left out");
      return;
    }
    draft_.family = family;
    draft_.vips.push_back(std::move(*address));
  });
}

void InstanceBlock::read_excluded_addresses(const Statement& statement) {
  blocks_.enter(statement, [this](const Statement& line) {
    if (std::optional<AddressDraft> address = read_address(line)) {
      address->address.excluded = true;
      draft_.excluded.push_back(std::move(*address));
    }
  });
}

std::optional<AddressDraft> InstanceBlock::read_address(const Statement& statement) {
  std::variant<AddressLine, std::string> parsed = parse_address_line(statement.words);
  if (const auto* complaint = std::get_if<std::string>(&parsed)) {
    complain(statement, *complaint + "; the address is left out");
    return std::nullopt;
  }
  auto& address = std::get<AddressLine>(parsed);
  if (!address.warning.empty()) {
    complain(statement, address.warning);
  }
  return std::move(address.draft);
}

// The first address anywhere in the block decides. A range or a length behind it is cut off.
void InstanceBlock::imply_family(const std::string& word) {
  const std::optional<core::IpAddress> address =
      parse_address(word.substr(0, word.find_first_of("-/")));
  if (address && !draft_.family) {
    draft_.family = address->family;
  }
}

void InstanceBlock::complain(const Statement& statement, const std::string& message) {
  problems_.add(statement.location, draft_.instance.name + ": " + message);
}

}  // namespace batch_notifier::config
