// SPDX-License-Identifier: MIT
/// @file
/// The state of an interface as VRRP needs it: an interface without carrier counts as down.
#pragma once

#include <cstdint>
#include <string_view>

namespace batch_notifier::core {

/// State of one interface.
enum class LinkState : std::uint8_t {
  up,       ///< Administratively up, with carrier (IFF_UP and IFF_RUNNING).
  down,     ///< There, but down or without carrier.
  missing,  ///< There is no interface of this name.
};

/// "up", "down" or "missing".
constexpr std::string_view to_string(LinkState state) {
  switch (state) {
    case LinkState::up:
      return "up";
    case LinkState::down:
      return "down";
    case LinkState::missing:
      break;
  }
  return "missing";
}

}  // namespace batch_notifier::core
