// SPDX-License-Identifier: MIT
/// @file
/// How instances come, go and change their names while the engine runs, and how it goes on from
/// where a former run left off: it begins with the rows of that run's ledger, all of them in no
/// configuration yet, and the first configuration sorts them out like any later one.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/configuration_plan.hpp"
#include "core/engine.hpp"

namespace batch_notifier::core {

void Engine::handle(const ConfigurationChanged& changed, Now now, Actions& actions) {
  Keepalived& keepalived = keepalived_.at(position_of(changed.keepalived));
  const Topology& topology = changed.topology;
  net_namespaces_[position_of(changed.keepalived)] = topology.net_namespace;
  std::vector<InstanceId> rows = keepalived.judge.members();
  for (const auto& [order, id] : registry_.removed()) {
    if (registry_[id].keepalived == changed.keepalived) {
      rows.push_back(id);
    }
  }
  const ConfigurationPlan plan = plan_configuration(registry_, changed.keepalived, rows, topology);
  std::vector<InstanceId> members;
  members.reserve(topology.instances.size());
  for (InstanceIndex index = 0; index < topology.instances.size(); ++index) {
    const ConfigurationPlan::Origin& origin = plan.origins[index];
    const Instance& instance = topology.instances[index];
    const InstanceId id = origin.row ? *origin.row : add_row(changed.keepalived, instance, now);
    registry_.configure(id, instance, index);
    if (origin.inherited) {
      inherit(id, *origin.inherited, now, actions);
    }
    if (!registry_[id].status.priority) {
      registry_[id].status.priority = instance.priority;
    }
    for (Consumer& consumer : consumers_) {
      consumer.configure(id, now);
    }
    members.push_back(id);
  }
  keepalived.judge.configure(std::move(members), topology.dbus_enabled, now.monotonic);
  judge_deadlines_.set(changed.keepalived, keepalived.judge.deadline());
  for (const InstanceId id : plan.removed) {
    remove_row(id, now, actions);
  }
  forget_removed();
  save_.within(Duration::zero(), now.monotonic);
}

InstanceId Engine::add_row(KeepalivedId keepalived, const Instance& instance, Now now) {
  const InstanceId id = registry_.add(keepalived, instance);
  registry_[id].status.since = now.utc;
  for (Consumer& consumer : consumers_) {
    consumer.knowledge().configure(id);
  }
  return id;
}

// keepalived runs the same virtual router under another name, and reports nothing about that.
void Engine::inherit(InstanceId id, InstanceId from, Now now, Actions& actions) {
  InstanceRow& row = registry_[id];
  const InstanceRow& former = registry_[from];
  row.evidence = former.evidence;
  row.evidence.asked = false;
  row.status = former.status;
  // A promotion that was held is found anew, and held anew.
  row.found = {former.status.state, former.found.authority};
  apply({id, former.status.state, Cause::resync, former.status.since}, now, actions);
}

void Engine::remove_row(InstanceId id, Now now, Actions& actions) {
  const bool known = std::any_of(consumers_.begin(), consumers_.end(),
                                 [&](const Consumer& each) { return each.knowledge().knows(id); });
  InstanceRow& row = registry_[id];
  keepalived_[position_of(row.keepalived)].judge.forget(id);
  hold_.remove(id);
  health_.remove(id);
  if (!known && row.status.state != VrrpState::deleted) {
    erase_row(id);
    return;
  }
  registry_.remove(id);
  // Its addresses are not looked at any more.
  row.configured.vips.clear();
  row.evidence = Evidence{};
  row.found = {VrrpState::deleted, row.found.authority};
  row.status.vips_present = 0;
  row.status.health = row.momentary_health = Health::ok;
  if (row.status.state != VrrpState::deleted) {
    apply({id, VrrpState::deleted, Cause::resync, now.utc}, now, actions);
  }
  for (Consumer& consumer : consumers_) {
    consumer.configure(id, now);
  }
}

void Engine::erase_row(InstanceId id) {
  for (Consumer& consumer : consumers_) {
    consumer.erase(id);
  }
  registry_.erase(id);
}

void Engine::forget_removed() {
  if (registry_.removed().size() <= remembered_at_most) {
    return;
  }
  std::vector<InstanceId> settled;
  for (const auto& [order, id] : registry_.removed()) {
    const InstanceId instance = id;
    const bool every_consumer =
        std::all_of(consumers_.begin(), consumers_.end(),
                    [&](const Consumer& each) { return each.knowledge().settled(instance); });
    if (every_consumer && registry_[id].status.state == VrrpState::deleted) {
      settled.push_back(id);
    }
  }
  const std::size_t spare = settled.size() - std::min(settled.size(), remembered_at_most);
  std::for_each(settled.begin(), settled.begin() + static_cast<std::ptrdiff_t>(spare),
                [this](InstanceId id) { erase_row(id); });
}

Ledger Engine::ledger() const {
  Ledger ledger;
  ledger.keepalived = run_.keepalived;
  ledger.fifo = run_.fifo;
  ledger.handed_over = stopping_.handing_over;
  const std::vector<InstanceId> ids = registry_.in_order();
  ledger.instances.reserve(ids.size());
  for (const InstanceId id : ids) {
    const InstanceRow& row = registry_[id];
    const Keepalived& keepalived = keepalived_[position_of(row.keepalived)];
    InstanceRecord& record = ledger.instances.emplace_back();
    record.keepalived = keepalived.name;
    record.name = row.configured.name;
    record.interface = row.configured.interface;
    record.vrid = row.configured.vrid;
    record.family = row.configured.family;
    record.state = row.status.state;
    record.since = row.status.since;
    record.cause = row.status.cause;
    record.health = row.status.health;
    record.last_word = keepalived.judge.last_report(id);
  }
  const std::vector<std::string> names = consumer_names(settings_.notifiers);
  for (std::size_t notifier = 0; notifier < consumers_.size(); ++notifier) {
    const Consumer& consumer = consumers_[notifier];
    NotifierRecord& record = ledger.notifiers.emplace_back();
    record.consumer = names[notifier];
    record.snapshot_told = consumer.snapshot_delivered();
    record.told.reserve(ids.size());
    for (const InstanceId id : ids) {
      record.told.push_back(consumer.knowledge().record(id));
    }
  }
  return ledger;
}

void Engine::restore(const Ledger& former, Now now) {
  const bool continues = goes_on(former, run_);
  std::vector<InstanceId> ids;
  ids.reserve(former.instances.size());
  for (const InstanceRecord& record : former.instances) {
    Instance instance;
    instance.name = record.name;
    instance.interface = record.interface;
    instance.vrid = record.vrid;
    instance.family = record.family;
    ids.push_back(add_row(keepalived(record.keepalived), instance, now));
    restore_row(ids.back(), record, continues && record.keepalived.empty());
  }
  std::map<std::string_view, const NotifierRecord*> records;
  for (const NotifierRecord& record : former.notifiers) {
    records.emplace(record.consumer, &record);
  }
  const std::vector<std::string> names = consumer_names(settings_.notifiers);
  for (std::size_t notifier = 0; notifier < consumers_.size(); ++notifier) {
    Consumer& consumer = consumers_[notifier];
    const auto record = records.find(names[notifier]);
    const bool known = record != records.end();
    consumer.restore_snapshot_delivered(known && record->second->snapshot_told, now);
    for (std::size_t position = 0; position < ids.size(); ++position) {
      ToldRecord told;
      if (known) {
        told = record->second->told.at(position);
      } else if (former.instances[position].state != VrrpState::init) {
        told.trail.add(former.instances[position].state);
      }
      consumer.knowledge().restore(ids[position], told);
    }
  }
}

// The only place where the state of a former run is taken over.
void Engine::restore_row(InstanceId id, const InstanceRecord& record, bool continues) {
  InstanceRow& row = registry_[id];
  row.status.state = row.found.state = record.state;
  row.status.since = record.since;
  row.status.cause = record.cause;
  row.status.health = record.health;
  row.evidence.was_disputed =
      record.health == Health::vip_missing || record.health == Health::vip_unexpected;
  row.evidence.outdated = ends_a_keepalived(record.state);
  if (continues && record.last_word && is_running(*record.last_word)) {
    row.evidence.fifo = *record.last_word;
  }
}

}  // namespace batch_notifier::core
