// SPDX-License-Identifier: MIT
/// @file
/// IP addresses as values. Only what comparing them needs; text is parsed and printed by the C
/// library at the edges.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>

namespace batch_notifier::core {

/// Address family of an instance, an address or a path on D-Bus.
enum class AddressFamily : std::uint8_t {
  ipv4,  ///< IPv4
  ipv6,  ///< IPv6
};

/// "IPv4" or "IPv6", as keepalived's object paths and our batches spell it.
constexpr std::string_view to_string(AddressFamily family) {
  return family == AddressFamily::ipv4 ? "IPv4" : "IPv6";
}

/// One address, in network byte order; IPv4 uses the first four bytes, the rest are zero.
struct IpAddress {
  AddressFamily family = AddressFamily::ipv4;  ///< Which of the two it is.
  std::array<std::uint8_t, 16> bytes{};        ///< Network byte order.

  /// Orders by family, then numerically.
  auto operator<=>(const IpAddress&) const = default;
};

}  // namespace batch_notifier::core
