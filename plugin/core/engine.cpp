// SPDX-License-Identifier: MIT
#include "core/engine.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace batch_notifier::core {

Engine::Engine(const Settings& settings, RunIdentity run, std::uint32_t seed, const Ledger& former,
               Now started)
    : settings_(settings),
      run_(std::move(run)),
      hold_(registry_, settings.master_hold, statistics_),
      health_(registry_, settings.health_wait) {
  const ConsumerContext context{registry_, net_namespaces_, settings.timing, run_, statistics_};
  for (const NotifierSettings& notifier : settings.notifiers) {
    consumers_.emplace_back(notifier, context,
                            seed + static_cast<std::uint32_t>(consumers_.size()));
  }
  restore(former, started);
}

KeepalivedId Engine::keepalived(const std::string& name) {
  for (std::size_t position = 0; position < keepalived_.size(); ++position) {
    if (keepalived_[position].name == name) {
      return static_cast<KeepalivedId>(position);
    }
  }
  keepalived_.push_back({name, Judge(registry_, statistics_)});
  net_namespaces_.emplace_back();
  return static_cast<KeepalivedId>(keepalived_.size() - 1);
}

const std::vector<InstanceId>& Engine::members(KeepalivedId keepalived) const {
  return keepalived_.at(position_of(keepalived)).judge.members();
}

std::vector<Action> Engine::step(const Event& event, Now now) {
  Actions actions;
  if (stopping_.stopped) {
    return actions;
  }
  std::visit([&](const auto& value) { handle(value, now, actions); }, event);
  release_if_settled(now);
  deliver_due(now, actions);
  // In a turn of its own: what else this turn brings is then on the ledger as well.
  if (std::holds_alternative<TimeReached>(event) && save_.due(now.monotonic)) {
    save_.saved();
    actions.emplace_back(SaveLedger{});
  }
  try_to_stop(now, actions);
  return actions;
}

std::optional<MonotonicTime> Engine::deadline() const {
  if (stopping_.stopped) {
    return std::nullopt;
  }
  std::optional<MonotonicTime> next = earliest(judge_deadlines_.next(), hold_.deadline());
  next = earliest(next, health_.deadline());
  next = earliest(next, save_.deadline());
  next = earliest(next, stopping_.at);
  for (const Consumer& consumer : consumers_) {
    next = earliest(next, stopping_.handing_over ? std::nullopt : consumer.deadline());
  }
  return next;
}

void Engine::handle(const Observed& observed, Now now, Actions& actions) {
  statistics_.add(Counter::observations);
  Keepalived& keepalived = keepalived_.at(position_of(observed.keepalived));
  const auto status_of = [&](InstanceIndex index) -> InstanceStatus& {
    return registry_[keepalived.judge.members().at(index)].status;
  };
  if (const auto* seen = std::get_if<StateSeen>(&observed.observation);
      seen != nullptr && seen->priority) {
    status_of(seen->instance).priority = seen->priority;
  } else if (const auto* priority = std::get_if<PrioritySeen>(&observed.observation)) {
    status_of(priority->instance).priority = priority->priority;
    if (priority->contested) {
      take_contest(keepalived.judge.members().at(priority->instance), now);
    }
  } else if (const auto* vips = std::get_if<VipsSeen>(&observed.observation)) {
    InstanceStatus& status = status_of(vips->instance);
    status.vips_present = vips->present;
    status.link = vips->link;
    status.link_down = vips->link_down;
  }
  take(keepalived.judge.step(observed.observation, now.monotonic), now, actions);
  judge_deadlines_.set(observed.keepalived, keepalived.judge.deadline());
  take_addresses(observed, now, actions);
  steer_sources(observed, actions);
}

void Engine::handle(const DeliveryFinished& finished, Now now, Actions& actions) {
  if (const auto wait = consumers_.at(finished.notifier).finish(finished.result, now)) {
    actions.emplace_back(RetryScheduled{finished.notifier, *wait});
  }
  save_.within(Duration::zero(), now.monotonic);
  forget_removed();
}

void Engine::handle(const StopRequested& request, Now now, Actions& actions) {
  stopping_.at = earliest(stopping_.at, now.monotonic + request.within);
  for (Consumer& consumer : consumers_) {
    consumer.hurry(now);
  }
  for (std::size_t position = 0; position < keepalived_.size(); ++position) {
    actions.emplace_back(PinFifo{static_cast<KeepalivedId>(position)});
  }
}

void Engine::handle(const HandoverRequested& /*request*/, Now now, Actions& actions) {
  // A delivery that is under way may end as it does at a stop; nothing else is waited for.
  const Duration within = std::min(settings_.stop_timeout, longest_handover);
  actions.emplace_back(HandOverFifo{});
  actions.emplace_back(AskForTime{within + handover_margin});
  stopping_.at = earliest(stopping_.at, now.monotonic + within);
}

void Engine::handle(const FifoHandedOver& /*done*/, Now /*now*/, Actions& /*actions*/) {
  stopping_.handing_over = true;
}

void Engine::handle(const FlushRequested& /*request*/, Now /*now*/, Actions& /*actions*/) {
  for (Consumer& consumer : consumers_) {
    consumer.flush();
  }
}

void Engine::handle(const SaveRequested& /*request*/, Now now, Actions& /*actions*/) {
  save_.within(Duration::zero(), now.monotonic);
}

void Engine::handle(const TimeReached& /*reached*/, Now now, Actions& actions) {
  while (const std::optional<KeepalivedId> id = judge_deadlines_.take_due(now.monotonic)) {
    Keepalived& keepalived = keepalived_[position_of(*id)];
    take(keepalived.judge.step(now.monotonic), now, actions);
    ask_dbus(*id, actions);
    judge_deadlines_.set(*id, keepalived.judge.deadline());
  }
  for (const Transition& transition : hold_.step(now.monotonic)) {
    apply(transition, now, actions);
  }
  for (const InstanceId instance : health_.step(now.monotonic)) {
    take_health(instance, now, actions);
  }
}

void Engine::ask_dbus(KeepalivedId id, Actions& actions) {
  std::vector<InstanceIndex> questions = keepalived_[position_of(id)].judge.take_questions();
  if (!questions.empty()) {
    actions.emplace_back(AskDbus{id, std::move(questions)});
  }
}

void Engine::take(const std::vector<Verdict>& verdicts, Now now, Actions& actions) {
  for (const Verdict& verdict : verdicts) {
    if (const std::optional<Transition> transition = hold_.step(verdict, now)) {
      apply(*transition, now, actions);
    }
    assess_health(verdict.instance, now, actions);
  }
}

void Engine::apply(const Transition& transition, Now now, Actions& actions) {
  InstanceStatus& status = registry_[transition.instance].status;
  status.state = transition.state;
  status.since = transition.since;
  status.cause = transition.cause;
  statistics_.add(Counter::transitions);
  for (Consumer& consumer : consumers_) {
    consumer.add_transition(transition.instance, now);
  }
  save_.within(save_after_change, now.monotonic);
  actions.emplace_back(StatusChanged{transition.instance});
}

void Engine::take_addresses(const Observed& observed, Now now, Actions& actions) {
  Keepalived& keepalived = keepalived_[position_of(observed.keepalived)];
  if (const auto* seen = std::get_if<VipsSeen>(&observed.observation)) {
    assess_health(keepalived.judge.members()[seen->instance], now, actions);
    return;
  }
  const bool read = std::holds_alternative<KernelReadComplete>(observed.observation);
  if (!read && !std::holds_alternative<KernelLost>(observed.observation)) {
    return;
  }
  keepalived.addresses_known = read;
  for (const InstanceId instance : keepalived.judge.members()) {
    assess_health(instance, now, actions);
  }
}

void Engine::assess_health(InstanceId instance, Now now, Actions& actions) {
  const InstanceRow& row = registry_[instance];
  const bool addresses_known = keepalived_[position_of(row.keepalived)].addresses_known;
  if (!row.configured.ignored && health_.step(instance, addresses_known, now.monotonic)) {
    take_health(instance, now, actions);
  }
}

void Engine::take_health(InstanceId instance, Now now, Actions& actions) {
  for (Consumer& consumer : consumers_) {
    consumer.add_health_change(instance, now);
  }
  save_.within(save_after_change, now.monotonic);
  actions.emplace_back(StatusChanged{instance});
}

void Engine::take_contest(InstanceId instance, Now now) {
  // What is told is that this node is MASTER, so it has to be, and not held back.
  if (registry_[instance].status.state == VrrpState::master &&
      !registry_[instance].configured.ignored) {
    for (Consumer& consumer : consumers_) {
      consumer.add_contest(instance, now);
    }
    save_.within(save_after_change, now.monotonic);
  }
}

void Engine::steer_sources(const Observed& observed, Actions& actions) const {
  const KeepalivedLife& life = keepalived_[position_of(observed.keepalived)].judge.life();
  const bool opened = std::holds_alternative<FifoOpened>(observed.observation);
  const bool ended = std::holds_alternative<KeepalivedEnded>(observed.observation);
  if ((opened && life.process_runs()) || ended) {
    // keepalived starts its script anew with every FIFO that it makes.
    actions.emplace_back(PinFifo{observed.keepalived});
  }
  const auto* lost = std::get_if<FifoLost>(&observed.observation);
  if (lost != nullptr && !lost->closed) {
    // Lines were lost; until the next ones, the kernel decides.
    actions.emplace_back(ReadAddresses{observed.keepalived});
  }
}

void Engine::release_if_settled(Now now) {
  const auto settled = [](const Keepalived& each) { return each.judge.settled(); };
  if (released_ || !std::all_of(keepalived_.begin(), keepalived_.end(), settled)) {
    return;
  }
  released_ = true;
  for (Consumer& consumer : consumers_) {
    consumer.release(now);
  }
}

void Engine::deliver_due(Now now, Actions& actions) {
  bool saved = false;
  for (std::size_t index = 0; index < consumers_.size() && !stopping_.handing_over; ++index) {
    if (std::optional<Batch> batch = consumers_[index].take_due(now)) {
      if (!std::exchange(saved, true)) {
        actions.emplace_back(SaveLedger{});
        save_.saved();
      }
      actions.emplace_back(Deliver{index, std::move(*batch)});
    }
  }
}

bool Engine::everything_delivered() const {
  return std::all_of(consumers_.begin(), consumers_.end(),
                     [](const Consumer& consumer) { return consumer.idle(); });
}

bool Engine::keepalived_has_stopped() const {
  for (const Keepalived& keepalived : keepalived_) {
    for (const InstanceId instance : keepalived.judge.members()) {
      const InstanceRow& row = registry_[instance];
      if (!ends_a_keepalived(row.found.state) && !row.configured.ignored) {
        return false;
      }
    }
  }
  return true;
}

void Engine::try_to_stop(Now now, Actions& actions) {
  if (!stopping_.at) {
    return;
  }
  const bool delivered = everything_delivered();
  const bool nothing_in_flight =
      std::none_of(consumers_.begin(), consumers_.end(),
                   [](const Consumer& consumer) { return consumer.in_flight(); });
  const bool may_leave =
      stopping_.handing_over ? nothing_in_flight : delivered && keepalived_has_stopped();
  if (!may_leave && now.monotonic < *stopping_.at) {
    return;
  }
  stopping_.stopped = true;
  save_.saved();
  actions.emplace_back(SaveLedger{});
  const StopCompleted::Reason unfinished = stopping_.handing_over
                                               ? StopCompleted::Reason::handed_over
                                               : StopCompleted::Reason::timed_out;
  actions.emplace_back(StopCompleted{delivered ? StopCompleted::Reason::delivered : unfinished});
}

}  // namespace batch_notifier::core
