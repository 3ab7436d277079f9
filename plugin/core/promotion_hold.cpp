// SPDX-License-Identifier: MIT
#include "core/promotion_hold.hpp"

namespace batch_notifier::core {

std::optional<Transition> PromotionHold::step(const Verdict& verdict, Now now) {
  const InstanceId instance = verdict.instance;
  InstanceRow& row = registry_[instance];
  const VrrpState counted = row.status.state;
  const Duration hold = hold_of(row.configured);
  const bool promoted = verdict.state == VrrpState::master && counted != VrrpState::master;
  if (promoted && verdict.cause != Cause::startup && hold > Duration::zero()) {
    if (!deadlines_.is_set(instance)) {
      row.promotion = {verdict.cause, now.utc};
      deadlines_.set(instance, now.monotonic + hold);
    }
    return std::nullopt;
  }
  if (deadlines_.is_set(instance)) {
    deadlines_.clear(instance);
    statistics_.add(Counter::dropped_promotions);
  }
  if (verdict.state == counted) {
    return std::nullopt;
  }
  return Transition{instance, verdict.state, verdict.cause, now.utc};
}

std::vector<Transition> PromotionHold::step(MonotonicTime now) {
  std::vector<Transition> transitions;
  while (const std::optional<InstanceId> instance = deadlines_.take_due(now)) {
    const HeldPromotion& promotion = registry_[*instance].promotion;
    transitions.push_back({*instance, VrrpState::master, promotion.cause, promotion.since});
  }
  return transitions;
}

}  // namespace batch_notifier::core
