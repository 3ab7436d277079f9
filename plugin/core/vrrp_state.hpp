// SPDX-License-Identifier: MIT
/// @file
/// The states of a virtual router, in keepalived's own words. RFC 5798 and RFC 9568 section 6.3
/// know Initialize, Backup and Active (Master); keepalived adds the rest, and UNKNOWN is ours for
/// an instance whose keepalived has gone without having said anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace batch_notifier::core {

/// State of one VRRP instance.
enum class VrrpState : std::uint8_t {
  init,     ///< No state was reported yet.
  backup,   ///< Listening to another router's adverts.
  master,   ///< Owner of the virtual addresses.
  fault,    ///< Unable to run: a tracked interface, script or process is down.
  stop,     ///< keepalived has stopped in good order.
  deleted,  ///< Removed from the configuration.
  unknown,  ///< keepalived ended without reporting STOP.
};

/// How many different states there are.
inline constexpr std::size_t vrrp_state_count = 7;

/// Whether no keepalived runs an instance in this state: STOP, DELETED or UNKNOWN.
constexpr bool ends_a_keepalived(VrrpState state) {
  return state == VrrpState::stop || state == VrrpState::deleted || state == VrrpState::unknown;
}

/// Whether keepalived runs an instance in this state: MASTER, BACKUP or FAULT.
constexpr bool is_running(VrrpState state) {
  return state == VrrpState::master || state == VrrpState::backup || state == VrrpState::fault;
}

/// keepalived's name of the state, e.g. "MASTER".
std::string_view to_string(VrrpState state);

/// The state with this name of keepalived's; nothing for any other text.
std::optional<VrrpState> parse_vrrp_state(std::string_view word);

}  // namespace batch_notifier::core
