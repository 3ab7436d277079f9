// SPDX-License-Identifier: MIT
/// @file
/// What the witnesses report. A source turns bytes into observations; the judge decides from
/// observations and sees no bytes.
///
/// Every observation is a present state, not an event: one that is repeated, or that replaces
/// several lost ones, leads to the same result.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "core/link_state.hpp"
#include "core/topology.hpp"
#include "core/vrrp_state.hpp"

namespace batch_notifier::core {

/// The origin of a report; also the authority of a state.
enum class Witness : std::uint8_t {
  dbus,     ///< keepalived's D-Bus service.
  fifo,     ///< keepalived's notify FIFO.
  netlink,  ///< The kernel.
};

/// "dbus", "fifo" or "netlink".
std::string_view to_string(Witness witness);

/// D-Bus or the FIFO reports the state of an instance.
struct StateSeen {
  Witness witness = Witness::dbus;    ///< dbus or fifo.
  InstanceIndex instance = 0;         ///< Which instance.
  VrrpState state = VrrpState::init;  ///< Its state.
  bool answered = false;              ///< Found by reading, so the moment of change is not known.
  std::optional<std::uint8_t> priority;  ///< Effective priority, from the FIFO only.
};

/// keepalived's service has an owner on the bus and its instances are about to be read.
struct DbusOwnerFound {
  bool after_silence = false;  ///< It is the owner that DbusSilent was about, and answers again.
};

/// keepalived has answered for every instance since the owner was found.
struct DbusReadComplete {};

/// D-Bus does not know this instance: keepalived refused to answer for it.
struct DbusInstanceAbsent {
  InstanceIndex instance = 0;  ///< Which instance.
};

/// The service has lost its owner while the bus lives: keepalived is gone.
struct DbusOwnerLost {};

/// The connection to the bus is lost; keepalived may still run.
struct DbusBusLost {};

/// keepalived was asked over D-Bus and has not answered in time. DbusOwnerFound follows when it
/// answers again.
struct DbusSilent {};

/// What the kernel has of an instance: its VIPs and its links.
struct VipsSeen {
  InstanceIndex instance = 0;          ///< Which instance.
  std::uint32_t present = 0;           ///< How many of its VIPs, excluded ones too, are there.
  bool first_present = false;          ///< Whether the first of `virtual_ipaddress` is.
  bool answered = false;               ///< Found by reading, so the moment of change is not known.
  std::optional<LinkState> link = {};  ///< Of the instance's interface; nothing if it has none.
  /// An interface that keepalived tracks for it, or that one of its VIPs is on, is not up.
  bool link_down = false;
};

/// The kernel's addresses have been read in full; VipsSeen of every instance came before this.
struct KernelReadComplete {};

/// The kernel's addresses cannot be relied on until the next KernelReadComplete.
struct KernelLost {};

/// A process has the notify FIFO open for writing: its first lines since it was opened, or since
/// FifoLost, follow.
struct FifoOpened {};

/// The FIFO was closed, cannot be read, or has lost lines: its former reports do not count any
/// more.
struct FifoLost {
  /// Its last writer has gone: keepalived closes it at a reload, at a stop and when it dies.
  bool closed = false;
};

/// The host lets keepalived's VRRP process be watched: until KeepalivedEnded it is known to run.
struct KeepalivedWatched {};

/// The kernel reports that keepalived's VRRP process has ended; keepalived may start another.
struct KeepalivedEnded {};

/// A FIFO line with an instance's priority and without its state.
struct PrioritySeen {
  InstanceIndex instance = 0;  ///< Which instance.
  std::uint8_t priority = 0;   ///< Its effective priority.
  /// As MASTER it has heard an advert of a MASTER of lower priority: until then there were two.
  bool contested = false;
};

/// Anything that a witness can report.
using Observation =
    std::variant<StateSeen, DbusOwnerFound, DbusReadComplete, DbusInstanceAbsent, DbusOwnerLost,
                 DbusBusLost, DbusSilent, VipsSeen, KernelReadComplete, KernelLost, FifoOpened,
                 FifoLost, KeepalivedWatched, KeepalivedEnded, PrioritySeen>;

/// Where sources put what they observe. Implemented by the composition root, and by tests.
class ObservationSink {
 public:
  virtual ~ObservationSink() = default;

  /// Takes one observation, in the order in which they were made. Must not destroy the source.
  virtual void observe(const Observation& observation) = 0;
};

}  // namespace batch_notifier::core
