// SPDX-License-Identifier: MIT
#include "core/engine.hpp"

#include <algorithm>
#include <utility>

#include "core/deadlines.hpp"

namespace batch_notifier::core {

Engine::Engine(const Topology& topology, const Settings& settings, RunIdentity run,
               std::uint32_t seed, const Ledger& former, Now started)
    : topology_(topology),
      settings_(settings),
      run_(std::move(run)),
      statuses_(topology.instances.size()),
      judge_(topology, statistics_, started.monotonic),
      hold_(topology, settings.master_hold, statistics_),
      health_(topology.instances.size(), settings.health_wait) {
  for (InstanceIndex instance = 0; instance < statuses_.size(); ++instance) {
    statuses_[instance].since = started.utc;
    statuses_[instance].priority = topology.instances[instance].priority;
  }
  queues_.reserve(settings.notifiers.size());
  for (const NotifierSettings& notifier : settings.notifiers) {
    queues_.emplace_back(notifier, settings.timing, run_, Picture{topology_, statuses_},
                         statistics_, seed + static_cast<std::uint32_t>(queues_.size()));
  }
  restore(former, started);
}

std::vector<Action> Engine::step(const Event& event, Now now) {
  std::vector<Action> actions;
  if (stopped_) {
    return actions;
  }
  std::visit([&](const auto& value) { handle(value, now, actions); }, event);
  if (!released_ && judge_.settled()) {
    released_ = true;
    for (DeliveryQueue& queue : queues_) {
      queue.release(now);
    }
  }
  dispatch_queues(now, actions);
  try_to_stop(now, actions);
  return actions;
}

std::optional<MonotonicTime> Engine::deadline() const {
  if (stopped_) {
    return std::nullopt;
  }
  std::optional<MonotonicTime> next = earliest(judge_.deadline(), hold_.deadline());
  next = earliest(next, health_.deadline());
  next = earliest(next, stop_at_);
  for (const DeliveryQueue& queue : queues_) {
    next = earliest(next, handing_over_ ? std::nullopt : queue.deadline());
  }
  return next;
}

void Engine::handle(const Observation& observation, Now now, std::vector<Action>& actions) {
  statistics_.add(Counter::observations);
  if (const auto* seen = std::get_if<StateSeen>(&observation); seen != nullptr && seen->priority) {
    statuses_.at(seen->instance).priority = seen->priority;
  }
  if (const auto* seen = std::get_if<PrioritySeen>(&observation)) {
    statuses_.at(seen->instance).priority = seen->priority;
  }
  if (const auto* seen = std::get_if<VipsSeen>(&observation)) {
    statuses_.at(seen->instance).vips_present = seen->present;
  }
  take(judge_.step(observation, now.monotonic), now, actions);
  note_addresses(observation, now, actions);
}

void Engine::handle(const DeliveryFinished& finished, Now now, std::vector<Action>& actions) {
  if (const auto wait = queues_.at(finished.notifier).finish(finished.result, now)) {
    actions.emplace_back(RetryScheduled{finished.notifier, *wait});
  }
}

void Engine::handle(const StopRequested& request, Now now, std::vector<Action>& /*actions*/) {
  stop_at_ = earliest(stop_at_, now.monotonic + request.within);
  for (DeliveryQueue& queue : queues_) {
    queue.hurry(now);
  }
}

void Engine::handle(const HandoverRequested& request, Now now, std::vector<Action>& /*actions*/) {
  handing_over_ = true;
  stop_at_ = earliest(stop_at_, now.monotonic + request.within);
}

void Engine::handle(const FlushRequested& /*request*/, Now /*now*/,
                    std::vector<Action>& /*actions*/) {
  for (DeliveryQueue& queue : queues_) {
    queue.flush();
  }
}

void Engine::handle(const TimeReached& /*reached*/, Now now, std::vector<Action>& actions) {
  take(judge_.step(now.monotonic), now, actions);
  for (const Transition& transition : hold_.step(now.monotonic)) {
    apply(transition, now, actions);
  }
  for (const InstanceIndex instance : health_.step(now.monotonic)) {
    take_health(instance, now, actions);
  }
}

void Engine::take(const std::vector<Verdict>& verdicts, Now now, std::vector<Action>& actions) {
  for (const Verdict& verdict : verdicts) {
    statuses_[verdict.instance].authority = verdict.authority;
    if (const std::optional<Transition> transition = hold_.step(verdict, now)) {
      apply(*transition, now, actions);
    }
    assess_health(verdict.instance, now, actions);
  }
}

void Engine::apply(const Transition& transition, Now now, std::vector<Action>& actions) {
  InstanceStatus& status = statuses_[transition.instance];
  status.state = transition.state;
  status.since = transition.since;
  status.cause = transition.cause;
  statistics_.add(Counter::transitions);
  for (DeliveryQueue& queue : queues_) {
    queue.note_transition(transition.instance, now);
  }
  actions.emplace_back(StatusChanged{transition.instance});
}

void Engine::note_addresses(const Observation& observation, Now now, std::vector<Action>& actions) {
  if (const auto* seen = std::get_if<VipsSeen>(&observation)) {
    assess_health(seen->instance, now, actions);
    return;
  }
  const bool read = std::holds_alternative<KernelReadComplete>(observation);
  if (!read && !std::holds_alternative<KernelLost>(observation)) {
    return;
  }
  addresses_known_ = read;
  for (InstanceIndex instance = 0; instance < statuses_.size(); ++instance) {
    assess_health(instance, now, actions);
  }
}

void Engine::assess_health(InstanceIndex instance, Now now, std::vector<Action>& actions) {
  if (topology_.instances[instance].ignored) {
    return;
  }
  const HealthEvidence evidence{
      judge_.state(instance), addresses_known_,
      static_cast<std::uint32_t>(topology_.instances[instance].vips.size()),
      statuses_[instance].vips_present};
  if (health_.step(instance, evidence, now.monotonic)) {
    take_health(instance, now, actions);
  }
}

void Engine::take_health(InstanceIndex instance, Now now, std::vector<Action>& actions) {
  statuses_[instance].health = health_.health(instance);
  for (DeliveryQueue& queue : queues_) {
    queue.note_health(instance, now);
  }
  actions.emplace_back(StatusChanged{instance});
}

void Engine::dispatch_queues(Now now, std::vector<Action>& actions) {
  if (handing_over_) {
    return;
  }
  for (std::size_t index = 0; index < queues_.size(); ++index) {
    if (std::optional<Batch> batch = queues_[index].take_due(now)) {
      actions.emplace_back(Deliver{index, std::move(*batch)});
    }
  }
}

bool Engine::everything_told() const {
  return std::all_of(queues_.begin(), queues_.end(),
                     [](const DeliveryQueue& queue) { return queue.idle(); });
}

bool Engine::keepalived_has_stopped() const {
  for (InstanceIndex instance = 0; instance < statuses_.size(); ++instance) {
    const VrrpState state = judge_.state(instance);
    const bool final =
        state == VrrpState::stop || state == VrrpState::deleted || state == VrrpState::unknown;
    if (!final && !topology_.instances[instance].ignored) {
      return false;
    }
  }
  return true;
}

void Engine::try_to_stop(Now now, std::vector<Action>& actions) {
  if (!stop_at_) {
    return;
  }
  const bool told = everything_told();
  const bool may_leave =
      handing_over_ ? std::none_of(queues_.begin(), queues_.end(),
                                   [](const DeliveryQueue& queue) { return queue.in_flight(); })
                    : told && keepalived_has_stopped();
  if (may_leave || *stop_at_ <= now.monotonic) {
    stopped_ = true;
    actions.emplace_back(StopCompleted{told});
  }
}

}  // namespace batch_notifier::core
