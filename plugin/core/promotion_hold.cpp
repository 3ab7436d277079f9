// SPDX-License-Identifier: MIT
#include "core/promotion_hold.hpp"

namespace batch_notifier::core {

PromotionHold::PromotionHold(const Topology& topology, const MasterHold& global,
                             Statistics& statistics)
    : statistics_(statistics),
      entries_(topology.instances.size()),
      deadlines_(topology.instances.size()) {
  for (InstanceIndex index = 0; index < entries_.size(); ++index) {
    const Instance& instance = topology.instances[index];
    entries_[index].hold =
        instance.master_hold.value_or(global).fixed.value_or(instance.advert_interval);
  }
}

std::optional<Transition> PromotionHold::step(const Verdict& verdict, Now now) {
  Entry& entry = entries_.at(verdict.instance);
  const Transition transition{verdict.instance, verdict.state, verdict.cause, now.utc};
  const bool promoted = verdict.state == VrrpState::master && entry.counted != VrrpState::master;
  if (promoted && verdict.cause != Cause::startup && entry.hold > Duration::zero()) {
    if (!deadlines_.is_set(verdict.instance)) {
      entry.promotion = transition;
      deadlines_.set(verdict.instance, now.monotonic + entry.hold);
    }
    return std::nullopt;
  }
  if (deadlines_.is_set(verdict.instance)) {
    deadlines_.clear(verdict.instance);
    statistics_.add(Counter::dropped_promotions);
  }
  if (verdict.state == entry.counted) {
    return std::nullopt;
  }
  entry.counted = verdict.state;
  return transition;
}

std::vector<Transition> PromotionHold::step(MonotonicTime now) {
  std::vector<Transition> transitions;
  while (const std::optional<InstanceIndex> instance = deadlines_.take_due(now)) {
    Entry& entry = entries_[*instance];
    entry.counted = VrrpState::master;
    transitions.push_back(entry.promotion);
  }
  return transitions;
}

}  // namespace batch_notifier::core
