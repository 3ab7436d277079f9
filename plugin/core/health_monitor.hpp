// SPDX-License-Identifier: MIT
/// @file
/// keepalived changes addresses about half a millisecond before it says so, and the two tidings
/// come by different ways. So a disagreement between a state and the kernel's addresses is nothing
/// until it has lasted `health_wait`; then it is worth telling on its own.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/batch.hpp"
#include "core/deadlines.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"
#include "core/vrrp_state.hpp"

namespace batch_notifier::core {

/// What the health of one instance is judged by.
struct HealthEvidence {
  VrrpState state = VrrpState::init;  ///< The judge's state, held promotions included.
  bool addresses_known = false;       ///< Whether the kernel's addresses have been read.
  std::uint32_t vips_expected = 0;    ///< Configured VIPs.
  std::uint32_t vips_present = 0;     ///< How many of them are there.
};

/// The verdict of this moment, settled or not.
Health assess(const HealthEvidence& evidence);

/// Settles the health of every instance. Pure.
class HealthMonitor {
 public:
  /// All instances begin as Health::unknown. `wait` is `health_wait`.
  HealthMonitor(std::size_t instance_count, Duration wait);

  /// Takes over the settled health of a former run, before the first step.
  void restore(InstanceIndex instance, Health health) { entries_.at(instance).settled = health; }

  /// Takes new evidence on one instance; returns whether its settled health changed. Agreement
  /// settles at once; so does everything about a keepalived that is gone, because nothing is on its
  /// way any more.
  bool step(InstanceIndex instance, const HealthEvidence& evidence, MonotonicTime now);

  /// The instances whose settled health changed because a disagreement has lasted.
  std::vector<InstanceIndex> step(MonotonicTime now);

  /// When step(now) must be called, if nothing else happens.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const { return deadlines_.next(); }

  /// The settled health.
  [[nodiscard]] Health health(InstanceIndex instance) const { return entries_[instance].settled; }

 private:
  struct Entry {
    Health settled = Health::unknown;
    Health momentary = Health::unknown;
  };

  Duration wait_;
  std::vector<Entry> entries_;
  Deadlines deadlines_;
};

}  // namespace batch_notifier::core
