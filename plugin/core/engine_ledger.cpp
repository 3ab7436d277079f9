// SPDX-License-Identifier: MIT
/// @file
/// How the engine goes on from where a former run left off, and what it leaves to the next.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine.hpp"

namespace batch_notifier::core {

namespace {

/// How many removed instances are remembered; the ones that went first are let go.
constexpr std::size_t remembered_at_most = 1000;

/// Whether an instance is in this state while its keepalived runs it.
bool is_of_running(VrrpState state) {
  return state == VrrpState::master || state == VrrpState::backup || state == VrrpState::fault;
}

/// The record of the virtual router that this instance is, if its name is all that has changed:
/// keepalived matches instances over a reload in the same way, and says nothing of it.
const InstanceRecord* find_renamed(const Ledger& former, const Topology& topology,
                                   InstanceIndex index) {
  const Instance& instance = topology.instances[index];
  for (const Instance& other : topology.instances) {
    if (!other.removed || other.vrid != instance.vrid || other.interface != instance.interface ||
        other.family != instance.family || instance.removed) {
      continue;
    }
    for (const InstanceRecord& record : former.instances) {
      if (record.name == other.name && is_of_running(record.state)) {
        return &record;
      }
    }
  }
  return nullptr;
}

}  // namespace

Ledger Engine::ledger() const {
  Ledger ledger;
  ledger.keepalived = run_.keepalived;
  ledger.fifo = run_.fifo;
  ledger.handed_over = handing_over_;
  ledger.instances.reserve(statuses_.size());
  for (InstanceIndex index = 0; index < statuses_.size(); ++index) {
    const Instance& instance = topology_.instances[index];
    const InstanceStatus& status = statuses_[index];
    ledger.instances.push_back({instance.name,
                                instance.interface,
                                instance.vrid,
                                instance.family,
                                status.state,
                                status.since,
                                status.cause,
                                status.health,
                                judge_.last_word(index),
                                {}});
  }
  const std::vector<std::string> names = consumer_names(settings_.notifiers);
  for (std::size_t notifier = 0; notifier < queues_.size(); ++notifier) {
    ledger.notifiers.push_back(
        {names[notifier], queues_[notifier].snapshot_told(), queues_[notifier].told()});
    ToldRecord told;
    told.state = VrrpState::deleted;
    told.health = Health::unknown;
    told.trail = Trail(VrrpState::deleted);
    ledger.notifiers.back().told.resize(statuses_.size() + forgotten_.size(), told);
  }
  ledger.instances.insert(ledger.instances.end(), forgotten_.begin(), forgotten_.end());
  return ledger;
}

void Engine::restore(const Ledger& former, Now now) {
  const std::map<std::string_view, std::size_t> positions = positions_by_name(former);
  const bool continues = goes_on(former, run_);
  for (InstanceIndex index = 0; index < statuses_.size(); ++index) {
    const auto found = positions.find(topology_.instances[index].name);
    if (found != positions.end()) {
      restore_status(index, former.instances[found->second], continues);
    }
  }
  remember_removed(former);
  const std::vector<std::string> names = consumer_names(settings_.notifiers);
  for (std::size_t notifier = 0; notifier < queues_.size(); ++notifier) {
    const auto record =
        std::find_if(former.notifiers.begin(), former.notifiers.end(),
                     [&](const NotifierRecord& each) { return each.consumer == names[notifier]; });
    if (record != former.notifiers.end()) {
      restore_queue(notifier, former, *record, now);
    } else {
      introduce_queue(notifier, now);
    }
  }
  const auto is_new = [&](const std::string& name) {
    const auto found = positions.find(name);
    return found == positions.end() || former.instances[found->second].state == VrrpState::deleted;
  };
  std::vector<Action> unneeded;
  for (InstanceIndex index = 0; index < statuses_.size(); ++index) {
    if (topology_.instances[index].removed && statuses_[index].state != VrrpState::deleted) {
      judge_.restore(index, VrrpState::deleted);
      apply({index, VrrpState::deleted, Cause::resync, now.utc}, now, unneeded);
    } else if (is_new(topology_.instances[index].name)) {
      if (const InstanceRecord* renamed = find_renamed(former, topology_, index)) {
        restore_status(index, *renamed, continues);
        apply({index, renamed->state, Cause::resync, renamed->since}, now, unneeded);
      }
    }
  }
}

void Engine::restore_status(InstanceIndex index, const InstanceRecord& record, bool continues) {
  InstanceStatus& status = statuses_[index];
  status.state = record.state;
  status.since = record.since;
  status.cause = record.cause;
  status.health = record.health;
  judge_.restore(index, record.state,
                 record.health == Health::vip_missing || record.health == Health::vip_unexpected);
  if (continues && record.last_word && is_of_running(*record.last_word) &&
      !topology_.instances[index].removed) {
    judge_.restore_fifo(index, *record.last_word);
  }
  hold_.restore(index, record.state);
  health_.restore(index, record.health);
}

void Engine::remember_removed(const Ledger& former) {
  std::set<std::string_view> present;
  for (const Instance& instance : topology_.instances) {
    present.insert(instance.name);
  }
  std::copy_if(former.instances.begin(), former.instances.end(), std::back_inserter(forgotten_),
               [&](const InstanceRecord& record) {
                 return present.count(record.name) == 0 && record.state == VrrpState::deleted;
               });
  if (forgotten_.size() > remembered_at_most) {
    forgotten_.erase(forgotten_.begin(), forgotten_.end() - remembered_at_most);
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

void Engine::introduce_queue(std::size_t notifier, Now now) {
  std::vector<ToldRecord> told(statuses_.size());
  for (InstanceIndex index = 0; index < statuses_.size(); ++index) {
    if (statuses_[index].state != VrrpState::init) {
      told[index].trail.add(statuses_[index].state);
    }
  }
  queues_[notifier].restore(told, false, now);
}

}  // namespace batch_notifier::core
