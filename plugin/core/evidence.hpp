// SPDX-License-Identifier: MIT
/// @file
/// What each source has reported about one instance, kept side by side, and what the judge makes of
/// it. Because reports are kept, losing a source changes who decides and not the state.
#pragma once

#include <optional>

#include "core/observation.hpp"
#include "core/time.hpp"
#include "core/vrrp_state.hpp"

namespace batch_notifier::core {

/// The reports about one instance.
struct Evidence {
  std::optional<VrrpState> dbus;    ///< Newest state reported over D-Bus, while it counts.
  bool dbus_absent = false;         ///< keepalived has no such instance on D-Bus.
  std::optional<VrrpState> fifo;    ///< Newest state on the notify FIFO, while it counts.
  bool fifo_is_new = false;         ///< That line came after D-Bus began to be read.
  bool first_vip_present = false;   ///< The kernel has the first of `virtual_ipaddress`.
  MonotonicTime first_vip_changed;  ///< When that changed last.
  /// What the kernel reported about the first VIP when keepalived's own reports were lost, while it
  /// has not changed since: a disagreement of old standing does not change the state.
  std::optional<bool> disputed_first_vip;
  bool was_disputed = false;  ///< The former run ended with such a disagreement.
  bool outdated = false;      ///< The state is the STOP, DELETED or UNKNOWN of a former keepalived.
  bool heard = false;         ///< Some source has decided the state in this run.

  // Written by DbusTrust.
  bool asked = false;           ///< keepalived was asked because a witness contradicts D-Bus.
  bool dbus_overruled = false;  ///< D-Bus has not followed the FIFO, which decides.
  MonotonicTime fifo_at;        ///< When the newest line on the FIFO came.
  MonotonicTime signal_at;      ///< When the newest signal on D-Bus came.
};

/// What follows from the evidence.
struct Finding {
  VrrpState state = VrrpState::init;     ///< The state, a held promotion included.
  Witness authority = Witness::netlink;  ///< Which source decided it.
};

}  // namespace batch_notifier::core
