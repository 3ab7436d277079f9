// SPDX-License-Identifier: MIT
/// @file
/// keepalived changes addresses about half a millisecond before it reports the state, and the two
/// reports travel by different ways. So a disagreement between a state and the kernel's addresses
/// does not count until it has lasted `health_wait`; then it is a change of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/batch.hpp"
#include "core/deadlines.hpp"
#include "core/registry.hpp"
#include "core/time.hpp"
#include "core/vrrp_state.hpp"

namespace batch_notifier::core {

/// What the health of one instance is judged by.
struct HealthEvidence {
  VrrpState state = VrrpState::init;  ///< The judge's state, held promotions included.
  bool addresses_known = false;       ///< Whether the kernel's addresses have been read.
  std::uint32_t vips_expected = 0;    ///< Configured VIPs.
  std::uint32_t vips_present = 0;     ///< How many of them are there.
  bool link_down = false;             ///< An interface that the instance needs is not up.
};

/// The health of this moment, whether it lasts or not.
Health assess(const HealthEvidence& evidence);

/// Decides which health counts. Pure. Writes InstanceRow::momentary_health and, where the health
/// that counts changes, InstanceStatus::health.
class HealthMonitor {
 public:
  /// `wait` is `health_wait`. `registry` must outlive the monitor.
  HealthMonitor(Registry& registry, Duration wait) : registry_(registry), wait_(wait) {}

  /// Looks at one instance again, whose state or addresses may have changed; returns whether its
  /// health changed. Agreement counts at once; so does everything about a keepalived that is gone,
  /// because nothing is on its way any more.
  bool step(InstanceId instance, bool addresses_known, MonotonicTime now);

  /// The instances whose health changed because a disagreement has lasted.
  std::vector<InstanceId> step(MonotonicTime now);

  /// When step(now) must be called, if nothing else happens.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const { return deadlines_.next(); }

  /// The instance is removed: it is not looked at any more.
  void remove(InstanceId instance) { deadlines_.clear(instance); }

 private:
  Registry& registry_;
  Duration wait_;
  Deadlines<InstanceId> deadlines_;
};

}  // namespace batch_notifier::core
