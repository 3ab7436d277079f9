// SPDX-License-Identifier: MIT
#include "core/consumer_knowledge.hpp"

#include <algorithm>
#include <utility>

namespace batch_notifier::core {

void ConsumerKnowledge::configure(InstanceId instance) {
  if (known_.size() <= position_of(instance)) {
    known_.resize(position_of(instance) + 1);
  }
  const Instance& configured = registry_[instance].configured;
  const bool named = !notifier_.selects || notifier_.selects(configured.name);
  at(instance).selected = named && !configured.ignored;
}

void ConsumerKnowledge::erase(InstanceId instance) {
  at(instance) = Known{};
}

void ConsumerKnowledge::restore(InstanceId instance, const ToldRecord& record) {
  Known& known = at(instance);
  known.state = record.state;
  known.health = record.health;
  known.uncertain = record.uncertain;
  known.trail = record.trail;
}

ToldRecord ConsumerKnowledge::record(InstanceId instance) const {
  const Known& known = at(instance);
  return {known.state, known.health, known.uncertain || known.in_flight || known.contested,
          known.trail};
}

void ConsumerKnowledge::add_transition(InstanceId instance) {
  // Of an instance that is not selected too: the next configuration may select it.
  const VrrpState state = registry_[instance].status.state;
  at(instance).trail.add(state);
  at(instance).newer.add(state);
}

void ConsumerKnowledge::add_contest(InstanceId instance) {
  at(instance).contested = true;
}

bool ConsumerKnowledge::wants(VrrpState state) const {
  const std::vector<VrrpState>& states = notifier_.states;
  return states.empty() || std::find(states.begin(), states.end(), state) != states.end();
}

bool ConsumerKnowledge::differs(InstanceId instance) const {
  const Known& known = at(instance);
  const InstanceStatus& status = registry_[instance].status;
  const bool contested = known.contested && status.state == VrrpState::master;
  return known.uncertain || contested || status.state != known.state ||
         (known.health && status.health != *known.health);
}

bool ConsumerKnowledge::pending(InstanceId instance) const {
  const Known& known = at(instance);
  const bool other_health = known.health && *known.health != registry_[instance].status.health;
  return known.uncertain || known.trail.transitions() > 0 || other_health;
}

bool ConsumerKnowledge::settled(InstanceId instance) const {
  const Known& known = at(instance);
  const bool told = known.health.has_value() && known.state != VrrpState::deleted;
  const bool needs_nothing = !known.selected || !wants(VrrpState::deleted) || !told;
  return !known.in_flight && !known.uncertain && needs_nothing;
}

void ConsumerKnowledge::skip(InstanceId instance) {
  Known& known = at(instance);
  const bool knows_other = known.health && registry_[instance].status.state != known.state;
  known.uncertain = known.uncertain || knows_other;
}

Change ConsumerKnowledge::describe(InstanceId instance) const {
  const InstanceRow& row = registry_[instance];
  const Known& known = at(instance);
  Change change;
  change.instance = row.configured.name;
  change.interface = row.configured.interface;
  change.vrid = row.configured.vrid;
  change.family = row.configured.family;
  if (!row.configured.sync_group.empty()) {
    change.sync_group = row.configured.sync_group;
  }
  change.previous = known.state;
  change.state = row.status.state;
  change.since = row.status.since;
  change.transitions = known.trail.transitions();
  change.path = known.trail.path();
  change.cause = cause_of(instance);
  change.authority = row.found.authority;
  change.priority = row.status.priority;
  change.link = row.status.link;
  change.vips_expected = static_cast<std::uint32_t>(row.configured.vips.size());
  change.vips_present = row.status.vips_present;
  change.health = row.status.health;
  change.labels = row.configured.labels;
  return change;
}

Cause ConsumerKnowledge::cause_of(InstanceId instance) const {
  const Known& known = at(instance);
  const InstanceStatus& status = registry_[instance].status;
  if (status.state != known.state || known.trail.transitions() > 0) {
    return status.cause;
  }
  if (!known.health) {
    return Cause::startup;
  }
  if (known.contested && status.state == VrrpState::master) {
    return Cause::contested;
  }
  return known.uncertain || status.health != *known.health ? Cause::health : Cause::repeat;
}

void ConsumerKnowledge::begin_delivery(InstanceId instance) {
  at(instance).in_flight = true;
  at(instance).contest_in_flight = std::exchange(at(instance).contested, false);
  at(instance).newer = Trail(registry_[instance].status.state);
}

void ConsumerKnowledge::give_up(InstanceId instance, bool seen) {
  at(instance).in_flight = false;
  at(instance).contested = at(instance).contested || at(instance).contest_in_flight;
  at(instance).uncertain = at(instance).uncertain || seen;
}

void ConsumerKnowledge::acknowledge(InstanceId instance, const Change& change) {
  Known& known = at(instance);
  known.in_flight = false;
  known.state = change.state;
  known.health = change.health;
  known.uncertain = false;
  known.trail = known.newer;
}

std::uint64_t ConsumerKnowledge::suppress(InstanceId instance) {
  Known& known = at(instance);
  const std::uint64_t transitions = known.trail.transitions();
  known.trail = Trail(known.state);
  known.contested = false;
  return transitions;
}

}  // namespace batch_notifier::core
