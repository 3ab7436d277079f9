// SPDX-License-Identifier: MIT
#include "config/address_line.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <net/if.h>

#include "config/values.hpp"

namespace batch_notifier::config {

namespace {

constexpr std::uint8_t longest_prefix(core::AddressFamily family) {
  return family == core::AddressFamily::ipv4 ? 32 : 128;
}

// Options that take a value and change nothing here.
constexpr std::array<std::string_view, 2> passed_over = {"scope", "preferred_lft"};

std::string read_broadcast(const std::string& word, AddressLine& line) {
  if (line.draft.address.address.family == core::AddressFamily::ipv6) {
    return "an IPv6 address has no broadcast address";
  }
  const std::optional<core::IpAddress> broadcast = parse_address(word);
  const bool valid = broadcast && broadcast->family == core::AddressFamily::ipv4;
  return valid || word == "+" || word == "-" ? "" : "broadcast " + shown(word) + " is no address";
}

std::string read_device(const std::string& word, AddressLine& line) {
  if (!line.draft.address.interface.empty()) {
    return "dev is given twice";
  }
  if (word.empty() || word.size() >= IFNAMSIZ) {
    return "dev " + shown(word) + " is no interface name";
  }
  line.draft.address.interface = word;
  return {};
}

// With a peer, the prefix is the peer's, for which keepalived takes no length.
void read_peer(const std::string& word, AddressLine& line) {
  core::VirtualAddress& address = line.draft.address;
  const std::optional<core::IpAddress> peer = parse_address(word);
  if (peer && peer->family == address.address.family) {
    address.prefix_length = longest_prefix(address.address.family);
  } else {
    line.warning = "peer " + shown(word) + " is no address of the same family";
  }
}

std::string read_option(const std::string& option, const std::string& value, AddressLine& line) {
  if (option == "dev") {
    return read_device(value, line);
  }
  if (option == "brd" || option == "broadcast") {
    return read_broadcast(value, line);
  }
  if (option == "label" && value.size() >= IFNAMSIZ) {
    return "label " + shown(value) + " is longer than 15 characters";
  }
  if (option == "peer") {
    read_peer(value, line);
  }
  return {};
}

bool takes_value(std::string_view option) {
  return option == "dev" || option == "brd" || option == "broadcast" || option == "label" ||
         option == "peer" ||
         std::find(passed_over.begin(), passed_over.end(), option) != passed_over.end();
}

std::string read_address(const std::string& word, AddressLine& line) {
  const std::size_t slash = word.find('/');
  const std::optional<core::IpAddress> address = parse_address(word.substr(0, slash));
  if (!address) {
    return shown(word) + " is no IP address";
  }
  const std::uint8_t longest = longest_prefix(address->family);
  line.draft.address.address = *address;
  line.draft.address.prefix_length = longest;
  if (slash != std::string::npos) {
    const std::optional<std::uint64_t> length = parse_number(word.substr(slash + 1), 0, longest);
    if (length) {
      line.draft.address.prefix_length = static_cast<std::uint8_t>(*length);
    } else {
      line.warning = "the prefix length of " + shown(word) + " is not from 0 to " +
                     std::to_string(longest) + "; keepalived takes " + std::to_string(longest);
    }
  }
  return {};
}

}  // namespace

std::variant<AddressLine, std::string> parse_address_line(const std::vector<std::string>& words) {
  AddressLine line;
  std::string complaint = read_address(words.front(), line);
  std::size_t position = 1;
  while (complaint.empty() && position < words.size()) {
    const std::string& option = words[position++];
    if (option == "use_vmac") {
      line.draft.use_vmac = true;
    } else if (takes_value(option)) {
      complaint = position < words.size() ? read_option(option, words[position++], line)
                                          : option + " lacks its value";
    }
  }
  if (!complaint.empty()) {
    return complaint;
  }
  return line;
}

}  // namespace batch_notifier::config
