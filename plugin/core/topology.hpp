// SPDX-License-Identifier: MIT
/// @file
/// What keepalived.conf says there is: the instances of one keepalived, their virtual addresses and
/// their groups. The configuration reader fills it in; it does not change afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/address.hpp"
#include "core/time.hpp"

namespace batch_notifier::core {

/// A place in a configuration file, for messages.
struct SourceLocation {
  std::string file;      ///< Path as it was opened.
  std::size_t line = 0;  ///< Counted from 1; 0 where no line is meant.
};

/// Labels that a user attached, by key.
using Labels = std::map<std::string, std::string>;

/// One address of `virtual_ipaddress` or `virtual_ipaddress_excluded`.
struct VirtualAddress {
  IpAddress address;               ///< The address itself.
  std::uint8_t prefix_length = 0;  ///< keepalived's default where none is given: 32 or 128.
  /// Where keepalived puts it: `dev`, else the instance's interface, else its VMAC.
  std::string interface;
  bool excluded = false;  ///< From `virtual_ipaddress_excluded`: not carried in adverts.
};

/// How long a promotion to MASTER must last before it counts (`master_hold`).
struct MasterHold {
  /// A fixed time; without one, the instance's own advert interval.
  std::optional<Duration> fixed;
};

/// One `vrrp_instance` block.
struct Instance {
  std::string name;       ///< As in keepalived.conf, unique there.
  std::string interface;  ///< `interface`: the base interface, never the VMAC; may be empty.
  std::uint8_t vrid = 0;  ///< `virtual_router_id`, 1 to 255.
  /// Family of the adverts: by the first VIP, unicast peer or source, or `native_ipv6`.
  AddressFamily family = AddressFamily::ipv4;
  std::string sync_group;                 ///< `vrrp_sync_group` it belongs to; empty for none.
  std::uint8_t priority = 100;            ///< Configured base priority.
  Duration advert_interval{1'000'000};    ///< `advert_int`.
  bool tracks_interface = true;           ///< False with `dont_track_primary`.
  std::vector<VirtualAddress> vips;       ///< In configuration order: VIPs, then excluded ones.
  std::optional<MasterHold> master_hold;  ///< Set inside the instance; else the global one.
  Labels labels;                          ///< Global ones, overridden by the instance's own.
  bool ignored = false;                   ///< `@batch_notifier ignore`.
  SourceLocation location;                ///< Where the block begins.
};

/// All that one keepalived runs, in the order of its configuration.
struct Topology {
  std::string net_namespace;  ///< `net_namespace`, else empty.
  std::string instance_name;  ///< `instance` of global_defs, else empty.
  bool dbus_enabled = false;  ///< `enable_dbus` was given.
  std::string dbus_service_name = "org.keepalived.Vrrp1";  ///< `dbus_service_name`.
  std::string dbus_no_interface_name = "none";             ///< `dbus_no_interface_name` (2.3.0+).
  bool script_security = false;                            ///< `enable_script_security`.
  std::vector<Instance> instances;                         ///< Every instance, ignored ones too.
};

/// Position of an instance in Topology::instances: how the parts here name one to another.
using InstanceIndex = std::size_t;

}  // namespace batch_notifier::core
