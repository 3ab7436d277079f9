// SPDX-License-Identifier: MIT
/// @file
/// Short words for what the witnesses say of one instance, and a judge who hears them.
#pragma once

#include <chrono>
#include <optional>

#include "core/judge.hpp"

namespace batch_notifier::tests::judging {

using namespace core;

inline constexpr MonotonicTime start{std::chrono::hours(1)};

inline Observation dbus(VrrpState state, bool answered = false, InstanceIndex instance = 0) {
  return StateSeen{Witness::dbus, instance, state, answered, std::nullopt};
}

inline Observation fifo(VrrpState state) {
  return StateSeen{Witness::fifo, 0, state, false, std::nullopt};
}

inline Observation vips(std::uint32_t present, bool first) {
  return VipsSeen{0, present, first};
}

inline const Observation owner_found = DbusOwnerFound{};
inline const Observation read_complete = DbusReadComplete{};
inline const Observation absent = DbusInstanceAbsent{0};
inline const Observation owner_lost = DbusOwnerLost{};
inline const Observation bus_lost = DbusBusLost{};
inline const Observation kernel_read = KernelReadComplete{};
inline const Observation kernel_lost = KernelLost{};
inline const Observation fifo_opened = FifoOpened{};
inline const Observation fifo_lost = FifoLost{};
inline const Observation priority_seen = PrioritySeen{0, 150};

inline Topology topology_of(bool dbus_enabled, bool with_vip = true) {
  Topology topology;
  topology.dbus_enabled = dbus_enabled;
  Instance instance;
  instance.name = "VI_1";
  instance.interface = "eth0";
  if (with_vip) {
    instance.vips.emplace_back();
  }
  topology.instances.push_back(instance);
  return topology;
}

/// A judge of one instance.
struct JudgeStage {
  explicit JudgeStage(bool dbus_enabled) : topology(topology_of(dbus_enabled)) {}

  Topology topology;
  Statistics statistics;
  Judge judge{topology, statistics, start};
};

}  // namespace batch_notifier::tests::judging
