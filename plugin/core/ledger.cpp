// SPDX-License-Identifier: MIT
#include "core/ledger.hpp"

#include <algorithm>
#include <set>

namespace batch_notifier::core {

namespace {

/// Whether every consumer knows that the instance is gone, or never knew that it was there.
bool is_settled(const Ledger& ledger, std::size_t index) {
  const bool deleted = ledger.instances[index].state == VrrpState::deleted;
  return std::all_of(ledger.notifiers.begin(), ledger.notifiers.end(),
                     [&](const NotifierRecord& notifier) {
                       const ToldRecord& told = notifier.told.at(index);
                       const bool knows = deleted && told.state == VrrpState::deleted;
                       return !told.uncertain && (knows || !told.health);
                     });
}

}  // namespace

std::vector<std::string> consumer_names(const std::vector<NotifierSettings>& notifiers) {
  std::vector<std::string> names;
  std::map<std::string, std::size_t> seen;
  for (const NotifierSettings& notifier : notifiers) {
    std::string name(to_string(notifier.kind));
    for (const std::string& word : notifier.target) {
      name += '\n';
      name += word;
    }
    const std::size_t number = ++seen[name];
    names.push_back(number == 1 ? name : name + "\n#" + std::to_string(number));
  }
  return names;
}

Topology with_removed(const Topology& configured, const Ledger& former) {
  std::set<std::string_view> present;
  for (const Instance& instance : configured.instances) {
    present.insert(instance.name);
  }
  Topology topology = configured;
  for (std::size_t index = 0; index < former.instances.size(); ++index) {
    const InstanceRecord& record = former.instances[index];
    if (present.count(record.name) == 0 && !is_settled(former, index)) {
      Instance instance;
      instance.name = record.name;
      instance.interface = record.interface;
      instance.vrid = record.vrid;
      instance.family = record.family;
      instance.removed = true;
      topology.instances.push_back(instance);
    }
  }
  return topology;
}

bool goes_on(const Ledger& former, const RunIdentity& run) {
  const bool same_fifo = !run.fifo.empty() && former.fifo == run.fifo;
  return !run.keepalived.empty() && former.keepalived == run.keepalived &&
         (former.handed_over || (same_fifo && run.fifo_unbroken));
}

std::map<std::string_view, std::size_t> positions_by_name(const Ledger& ledger) {
  std::map<std::string_view, std::size_t> positions;
  for (std::size_t index = 0; index < ledger.instances.size(); ++index) {
    positions.emplace(ledger.instances[index].name, index);
  }
  return positions;
}

}  // namespace batch_notifier::core
