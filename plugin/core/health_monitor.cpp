// SPDX-License-Identifier: MIT
#include "core/health_monitor.hpp"

#include <utility>

namespace batch_notifier::core {

Health assess(const HealthEvidence& evidence) {
  if (!evidence.addresses_known) {
    return Health::unknown;
  }
  if (evidence.state == VrrpState::master) {
    // keepalived can miss the event: its netlink queue can overflow, which it does not log.
    if (evidence.link_down) {
      return Health::link_down;
    }
    return evidence.vips_present < evidence.vips_expected ? Health::vip_missing : Health::ok;
  }
  return evidence.vips_present > 0 ? Health::vip_unexpected : Health::ok;
}

bool HealthMonitor::step(InstanceId instance, bool addresses_known, MonotonicTime now) {
  InstanceRow& row = registry_[instance];
  const Health momentary = assess({row.found.state, addresses_known,
                                   static_cast<std::uint32_t>(row.configured.vips.size()),
                                   row.status.vips_present, row.status.link_down});
  const bool new_course = momentary != std::exchange(row.momentary_health, momentary);
  if (momentary == row.status.health) {
    deadlines_.clear(instance);
    return false;
  }
  if (momentary == Health::ok || row.found.state == VrrpState::unknown) {
    deadlines_.clear(instance);
    row.status.health = momentary;
    return true;
  }
  if (new_course || !deadlines_.is_set(instance)) {
    deadlines_.set(instance, now + wait_);
  }
  return false;
}

std::vector<InstanceId> HealthMonitor::step(MonotonicTime now) {
  std::vector<InstanceId> changed;
  while (const std::optional<InstanceId> instance = deadlines_.take_due(now)) {
    InstanceRow& row = registry_[*instance];
    row.status.health = row.momentary_health;
    changed.push_back(*instance);
  }
  return changed;
}

}  // namespace batch_notifier::core
