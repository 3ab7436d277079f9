// SPDX-License-Identifier: MIT
/// @file
/// A router that becomes MASTER and loses to a better one within an advert interval is of no use to
/// consumers: they would have to switch back at once. A promotion therefore counts only once it has
/// lasted `master_hold`. Every other state counts at once, because a delay would leave consumers
/// with a MASTER that has gone.
#pragma once

#include <optional>
#include <vector>

#include "core/deadlines.hpp"
#include "core/judge.hpp"
#include "core/registry.hpp"
#include "core/statistics.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"

namespace batch_notifier::core {

/// A change of state that counts.
struct Transition {
  InstanceId instance{};              ///< Which instance.
  VrrpState state = VrrpState::init;  ///< Its state now.
  Cause cause = Cause::signal;        ///< Why.
  UtcTime since;                      ///< When the state began: for a promotion before its hold.
};

/// Holds promotions back until they have lasted. Pure. Writes InstanceRow::promotion.
class PromotionHold {
 public:
  /// `global` is the `master_hold` of instances without one of their own. `registry` and
  /// `statistics` must outlive the object.
  PromotionHold(Registry& registry, const MasterHold& global, Statistics& statistics)
      : registry_(registry), global_(global), statistics_(statistics) {}

  /// Takes a verdict; returns the transition that it makes at once, if any. A promotion found at
  /// the start of the run has been going on for an unknown time and is not held.
  std::optional<Transition> step(const Verdict& verdict, Now now);

  /// The promotions that have lasted by now.
  std::vector<Transition> step(MonotonicTime now);

  /// When step(now) must be called, if nothing else happens.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const { return deadlines_.next(); }

  /// Whether a promotion of the instance is being held.
  [[nodiscard]] bool holds(InstanceId instance) const { return deadlines_.is_set(instance); }

  /// The instance is removed: a promotion that is held is dropped.
  void remove(InstanceId instance) { deadlines_.clear(instance); }

 private:
  [[nodiscard]] Duration hold_of(const Instance& instance) const {
    return instance.master_hold.value_or(global_).fixed.value_or(instance.advert_interval);
  }

  Registry& registry_;
  MasterHold global_;
  Statistics& statistics_;
  Deadlines<InstanceId> deadlines_;
};

}  // namespace batch_notifier::core
