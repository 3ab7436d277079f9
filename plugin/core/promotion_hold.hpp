// SPDX-License-Identifier: MIT
/// @file
/// A router that becomes MASTER and loses to a better one within an advert interval was never of
/// use to anybody, so telling consumers of it makes them work twice for nothing. A promotion
/// therefore counts only once it has lasted `master_hold`. Everything else counts at once: nobody
/// must hear late that a router is *not* MASTER any more.
#pragma once

#include <optional>
#include <vector>

#include "core/deadlines.hpp"
#include "core/judge.hpp"
#include "core/statistics.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"

namespace batch_notifier::core {

/// A change of state that counts.
struct Transition {
  InstanceIndex instance = 0;         ///< Which instance.
  VrrpState state = VrrpState::init;  ///< What it is in now.
  Cause cause = Cause::signal;        ///< Why.
  UtcTime since;                      ///< When the state began: for a promotion before its hold.
};

/// Holds promotions back until they have lasted. Pure.
class PromotionHold {
 public:
  /// Resolves each instance's hold: its own, else the global one, else its advert interval.
  PromotionHold(const Topology& topology, const MasterHold& global, Statistics& statistics);

  /// Takes over the state that counted in a former run, before the first step.
  void restore(InstanceIndex instance, VrrpState state) { entries_.at(instance).counted = state; }

  /// Takes a verdict; returns the transition that it makes at once, if any. A promotion found at
  /// the start of the run has been going on for an unknown time and is not held.
  std::optional<Transition> step(const Verdict& verdict, Now now);

  /// The promotions that have lasted by now.
  std::vector<Transition> step(MonotonicTime now);

  /// When step(now) must be called, if nothing else happens.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const { return deadlines_.next(); }

  /// Whether a promotion of the instance is being held.
  [[nodiscard]] bool holds(InstanceIndex instance) const { return deadlines_.is_set(instance); }

 private:
  struct Entry {
    Duration hold{0};
    VrrpState counted = VrrpState::init;  ///< State of the newest transition let through.
    Transition promotion;
  };

  Statistics& statistics_;
  std::vector<Entry> entries_;
  Deadlines deadlines_;
};

}  // namespace batch_notifier::core
