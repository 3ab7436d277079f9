// SPDX-License-Identifier: MIT
/// @file
/// Short words for what the sources report of one instance, and a judge who hears them.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/judge.hpp"

namespace batch_notifier::tests::judging {

using namespace core;

inline constexpr MonotonicTime start{std::chrono::hours(1)};

inline Observation dbus(VrrpState state, bool answered = false, InstanceIndex instance = 0) {
  return StateSeen{Witness::dbus, instance, state, answered, std::nullopt};
}

inline Observation fifo(VrrpState state, InstanceIndex instance = 0) {
  return StateSeen{Witness::fifo, instance, state, false, std::nullopt};
}

inline Observation vips(std::uint32_t present, bool first, InstanceIndex instance = 0) {
  return VipsSeen{instance, present, first};
}

inline const Observation owner_found = DbusOwnerFound{};
inline const Observation found_again = DbusOwnerFound{/*after_silence=*/true};
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

/// The same with several instances.
inline Topology topology_of_several(InstanceIndex instances) {
  Topology topology = topology_of(true);
  while (topology.instances.size() < instances) {
    topology.instances.push_back(topology.instances.front());
    topology.instances.back().vrid = static_cast<std::uint8_t>(topology.instances.size());
  }
  return topology;
}

/// A judge with the rows that it writes; instances are named by their place in the topology.
class StagedJudge {
 public:
  explicit StagedJudge(const Topology& topology) : judge_(registry, statistics) {
    std::vector<InstanceId> members;
    for (const Instance& instance : topology.instances) {
      Instance named = instance;
      named.name += "/" + std::to_string(members.size());
      members.push_back(registry.add(KeepalivedId{}, named));
      registry.configure(members.back(), named, members.size() - 1);
    }
    judge_.configure(std::move(members), topology.dbus_enabled, start);
  }

  template <typename... Arguments>
  std::vector<Verdict> step(Arguments... arguments) {
    return judge_.step(arguments...);
  }
  [[nodiscard]] auto deadline() const { return judge_.deadline(); }
  [[nodiscard]] bool settled() const { return judge_.settled(); }
  [[nodiscard]] VrrpState state(InstanceIndex index) const { return row(index).found.state; }
  [[nodiscard]] Witness authority(InstanceIndex index) const { return row(index).found.authority; }
  [[nodiscard]] std::optional<VrrpState> last_report(InstanceIndex index) const {
    return judge_.last_report(judge_.members()[index]);
  }
  std::vector<InstanceIndex> take_questions() { return judge_.take_questions(); }
  /// Lets time pass, with every deadline on the way kept.
  void pass(MonotonicTime until) {
    for (int rounds = 0; judge_.deadline() && *judge_.deadline() <= until; ++rounds) {
      if (rounds > 1000) {
        throw std::logic_error("the judge never comes to rest");
      }
      judge_.step(*judge_.deadline());
    }
  }
  /// A former run left the instance in this state.
  void restore(InstanceIndex index, VrrpState state, bool disputed = false) {
    row(index).found.state = state;
    row(index).evidence.was_disputed = disputed;
    row(index).evidence.outdated = ends_a_keepalived(state);
  }
  /// keepalived, which has run on since, reported this last.
  void restore_fifo(InstanceIndex index, VrrpState state) { row(index).evidence.fifo = state; }

  Statistics statistics;
  Registry registry;

 private:
  [[nodiscard]] InstanceRow& row(InstanceIndex index) { return registry[judge_.members()[index]]; }
  [[nodiscard]] const InstanceRow& row(InstanceIndex index) const {
    return registry[judge_.members()[index]];
  }

  Judge judge_;
};

/// A judge of one instance.
struct JudgeStage {
  explicit JudgeStage(bool dbus_enabled) : judge(topology_of(dbus_enabled)) {}

  StagedJudge judge;
};

/// A judge of instances that are MASTER in the kernel, on D-Bus and, if there is one, on the FIFO;
/// and have been for an hour.
struct AgreedStage {
  explicit AgreedStage(InstanceIndex instances = 1, bool with_fifo = true)
      : judge(topology_of_several(instances)) {
    judge.step(KeepalivedWatched{}, start);
    for (InstanceIndex index = 0; index < instances; ++index) {
      judge.step(vips(1, true, index), start);
    }
    judge.step(kernel_read, start);
    judge.step(owner_found, start);
    for (InstanceIndex index = 0; index < instances; ++index) {
      judge.step(dbus(VrrpState::master, true, index), start);
    }
    judge.step(read_complete, start);
    for (InstanceIndex index = 0; with_fifo && index < instances; ++index) {
      judge.step(fifo_opened, start);
      judge.step(fifo(VrrpState::master, index), start);
    }
    judge.pass(now);
    judge.take_questions();
  }

  StagedJudge judge;
  MonotonicTime now = start + std::chrono::hours(1);
};

}  // namespace batch_notifier::tests::judging
