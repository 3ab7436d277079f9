// SPDX-License-Identifier: MIT
/// @file
/// How the engine goes on from where a former run left off, and what it leaves to the next.
#include <map>
#include <string_view>
#include <vector>

#include "core/engine.hpp"

namespace batch_notifier::core {

Ledger Engine::ledger() const {
  Ledger ledger;
  ledger.instances.reserve(statuses_.size());
  for (InstanceIndex index = 0; index < statuses_.size(); ++index) {
    const Instance& instance = topology_.instances[index];
    const InstanceStatus& status = statuses_[index];
    ledger.instances.push_back({instance.name, instance.interface, instance.vrid, instance.family,
                                status.state, status.since, status.cause, status.health});
  }
  const std::vector<std::string> names = consumer_names(settings_.notifiers);
  for (std::size_t notifier = 0; notifier < queues_.size(); ++notifier) {
    ledger.notifiers.push_back(
        {names[notifier], queues_[notifier].snapshot_told(), queues_[notifier].told()});
  }
  return ledger;
}

void Engine::restore(const Ledger& former, Now now) {
  const std::map<std::string_view, std::size_t> positions = positions_by_name(former);
  for (InstanceIndex index = 0; index < statuses_.size(); ++index) {
    const auto found = positions.find(topology_.instances[index].name);
    if (found != positions.end()) {
      const InstanceRecord& record = former.instances[found->second];
      InstanceStatus& status = statuses_[index];
      status.state = record.state;
      status.since = record.since;
      status.cause = record.cause;
      status.health = record.health;
      judge_.restore(index, record.state);
      hold_.restore(index, record.state);
      health_.restore(index, record.health);
    }
  }
  const std::vector<std::string> names = consumer_names(settings_.notifiers);
  for (std::size_t notifier = 0; notifier < queues_.size(); ++notifier) {
    for (const NotifierRecord& record : former.notifiers) {
      if (record.consumer == names[notifier]) {
        restore_queue(notifier, former, record, now);
      }
    }
  }
  std::vector<Action> unneeded;
  for (InstanceIndex index = 0; index < statuses_.size(); ++index) {
    if (topology_.instances[index].removed && statuses_[index].state != VrrpState::deleted) {
      judge_.restore(index, VrrpState::deleted);
      apply({index, VrrpState::deleted, Cause::resync, now.utc}, now, unneeded);
    }
  }
}

void Engine::restore_queue(std::size_t notifier, const Ledger& former, const NotifierRecord& record,
                           Now now) {
  const std::map<std::string_view, std::size_t> positions = positions_by_name(former);
  std::vector<ToldRecord> told;
  told.reserve(statuses_.size());
  for (const Instance& instance : topology_.instances) {
    const auto found = positions.find(instance.name);
    told.push_back(found == positions.end() ? ToldRecord{} : record.told.at(found->second));
  }
  queues_[notifier].restore(told, record.snapshot_told, now);
}

}  // namespace batch_notifier::core
