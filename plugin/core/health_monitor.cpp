// SPDX-License-Identifier: MIT
#include "core/health_monitor.hpp"

namespace batch_notifier::core {

Health assess(const HealthEvidence& evidence) {
  if (!evidence.addresses_known) {
    return Health::unknown;
  }
  if (evidence.state == VrrpState::master) {
    return evidence.vips_present < evidence.vips_expected ? Health::vip_missing : Health::ok;
  }
  return evidence.vips_present > 0 ? Health::vip_unexpected : Health::ok;
}

HealthMonitor::HealthMonitor(std::size_t instance_count, Duration wait)
    : wait_(wait), entries_(instance_count), deadlines_(instance_count) {
}

bool HealthMonitor::step(InstanceIndex instance, const HealthEvidence& evidence,
                         MonotonicTime now) {
  Entry& entry = entries_.at(instance);
  const Health momentary = assess(evidence);
  const bool changed_course = momentary != entry.momentary;
  entry.momentary = momentary;
  if (momentary == entry.settled) {
    deadlines_.clear(instance);
    return false;
  }
  const bool settles_at_once = momentary == Health::ok || evidence.state == VrrpState::unknown;
  if (settles_at_once) {
    deadlines_.clear(instance);
    entry.settled = momentary;
    return true;
  }
  if (changed_course || !deadlines_.is_set(instance)) {
    deadlines_.set(instance, now + wait_);
  }
  return false;
}

std::vector<InstanceIndex> HealthMonitor::step(MonotonicTime now) {
  std::vector<InstanceIndex> changed;
  while (const std::optional<InstanceIndex> instance = deadlines_.take_due(now)) {
    entries_[*instance].settled = entries_[*instance].momentary;
    changed.push_back(*instance);
  }
  return changed;
}

}  // namespace batch_notifier::core
