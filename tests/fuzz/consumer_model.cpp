// SPDX-License-Identifier: MIT
#include "tests/fuzz/consumer_model.hpp"

#include <algorithm>
#include <cstdint>
#include <iostream>

#include "tests/fuzz/finding.hpp"

namespace batch_notifier::fuzz {

namespace {

constexpr std::uint64_t longest_path = 16;

bool is_over(std::optional<core::DeliveryStatus> answer) {
  return answer && *answer != core::DeliveryStatus::failed &&
         *answer != core::DeliveryStatus::unseen;
}

}  // namespace

ConsumerModel::ConsumerModel(const core::Topology& topology, const core::Settings& settings,
                             const core::NotifierSettings& notifier)
    : topology_(topology),
      settings_(settings),
      notifier_(notifier),
      known_(topology.instances.size()) {
}

void ConsumerModel::take(const core::Batch& batch, const core::Engine& engine, core::Now now) {
  require(!busy_, "one batch in flight");
  require(!off_, "a notifier that is off gets nothing");
  require(!batch.changes.empty(), "a batch says something");
  check_identity(batch);
  check_pace(now);
  check_completeness(batch, engine);
  check_order(batch, engine);
  for (const core::Change& change : batch.changes) {
    const core::InstanceIndex instance = index_of(change.instance);
    require(wants(instance, change.state), "only what was asked for is told");
    const core::InstanceRow* row = row_of(instance, engine);
    require(row != nullptr, "only known instances are told");
    check_change(change, row->status, known_[instance]);
    require(batch.snapshot || says_something(change, known_[instance]),
            "no entry without news outside of a snapshot");
  }
  busy_ = true;
  hastened_ = false;
  last_ = batch;
  last_taken_ = now.monotonic;
}

void ConsumerModel::finish(core::DeliveryStatus status,
                           const std::vector<std::size_t>& acknowledged) {
  busy_ = false;
  last_answer_ = status;
  off_ = status == core::DeliveryStatus::off;
  had_snapshot_ = had_snapshot_ || (last_->snapshot && is_over(status));
  for (std::size_t position = 0; position < last_->changes.size(); ++position) {
    const core::Change& change = last_->changes[position];
    Known& known = known_[index_of(change.instance)];
    const bool each = std::count(acknowledged.begin(), acknowledged.end(), position) != 0;
    if (status == core::DeliveryStatus::delivered || each) {
      known = {change.state, change.health, false, false, known.contest_new, false};
    } else if (status != core::DeliveryStatus::unseen) {
      known.uncertain = true;
      known.refused = is_over(status);
    }
  }
}

void ConsumerModel::note_change(const std::string& instance) {
  known_[index_of(instance)].refused = false;
}

void ConsumerModel::begin_run() {
  if (busy_) {
    finish(core::DeliveryStatus::failed, {});
  }
  off_ = false;
  last_.reset();
  last_answer_.reset();
  last_taken_.reset();
  hurried_ = false;
  hastened_ = false;
}

void ConsumerModel::require_up_to_date(const core::Engine& engine) const {
  require(!busy_, "nothing is in flight at the end");
  for (core::InstanceIndex instance = 0; instance < known_.size(); ++instance) {
    const core::InstanceRow* row = row_of(instance, engine);
    const Known& known = known_[instance];
    const bool known_before = known.health || (row != nullptr && !row->removed());
    if (row == nullptr || off_ || known.refused || !known_before) {
      continue;
    }
    const core::InstanceStatus& status = row->status;
    if (status.state != core::VrrpState::init && wants(instance, status.state)) {
      if (known.state != status.state) {
        std::cerr << notifier_.name << ": " << row->configured.name << " is "
                  << to_string(status.state) << ", told " << to_string(known.state) << '\n';
      }
      require(known.state == status.state, "every state is told in the end");
      require(row->removed() || known.health == status.health, "every health is told in the end");
    }
  }
}

const core::InstanceRow* ConsumerModel::row_of(core::InstanceIndex instance,
                                               const core::Engine& engine) const {
  const auto id = engine.instances().find(core::KeepalivedId{}, topology_.instances[instance].name);
  return id ? &engine.instances()[*id] : nullptr;
}

// Whether a snapshot lists it: a removed one only while the consumer has to hear of that.
bool ConsumerModel::is_listed(core::InstanceIndex instance, const core::Engine& engine) const {
  const core::InstanceRow* row = row_of(instance, engine);
  const Known& known = known_[instance];
  const bool to_be_told =
      known.uncertain || (known.health && known.state != core::VrrpState::deleted);
  return row != nullptr && wants(instance, row->status.state) && (!row->removed() || to_be_told);
}

void ConsumerModel::check_order(const core::Batch& batch, const core::Engine& engine) const {
  std::optional<core::InstanceIndex> before;
  bool removed = false;
  for (const core::Change& change : batch.changes) {
    const core::InstanceIndex instance = index_of(change.instance);
    const core::InstanceRow* row = row_of(instance, engine);
    const bool is_removed = row != nullptr && row->removed();
    require(!removed || is_removed, "removed instances come last");
    require(is_removed || !before || *before < instance, "one entry per instance, in order");
    before = instance;
    removed = is_removed;
  }
}

void ConsumerModel::check_identity(const core::Batch& batch) const {
  if (last_ && batch.id == last_->id) {
    require(!is_over(last_answer_), "what was acknowledged is not repeated");
    require(batch.sequence == last_->sequence && batch.attempt == last_->attempt + 1,
            "a retry keeps its sequence and counts");
    require(batch.changes == last_->changes && batch.snapshot == last_->snapshot &&
                batch.time == last_->time && batch.opened == last_->opened,
            "an id has one content");
    return;
  }
  require(batch.attempt == 1, "new content is a first attempt");
  require(batch.sequence == (last_ ? last_->sequence + 1 : 1), "sequences rise by one");
  require(batch.opened <= batch.time, "a batch opens before it closes");
}

void ConsumerModel::check_pace(core::Now now) const {
  if (last_taken_ && is_over(last_answer_) && !hurried_ && !hastened_) {
    require(now.monotonic - *last_taken_ >= settings_.timing.interval, "batch_interval is kept");
  }
}

void ConsumerModel::check_completeness(const core::Batch& batch, const core::Engine& engine) const {
  require(had_snapshot_ || batch.snapshot, "the first batch is a snapshot");
  if (!batch.snapshot) {
    return;
  }
  std::size_t expected = 0;
  for (core::InstanceIndex instance = 0; instance < known_.size(); ++instance) {
    expected += is_listed(instance, engine) ? 1 : 0;
  }
  require(batch.changes.size() == expected, "a snapshot lists every instance");
}

void ConsumerModel::check_change(const core::Change& change, const core::InstanceStatus& status,
                                 const Known& known) const {
  require(change.state == status.state && change.health == status.health,
          "what is told is what is");
  require(change.previous == known.state, "previous is what was told last");
  const std::vector<core::VrrpState>& path = change.path;
  require(path.size() == std::min(change.transitions + 1, longest_path),
          "the path has every transition, 16 states at most");
  require(path.front() == change.previous && path.back() == change.state,
          "the path leads from previous to state");
  const auto gap = change.transitions < longest_path ? path.begin() : path.begin() + 1;
  require(std::adjacent_find(gap, path.end()) == path.end(), "every transition changes the state");
}

bool ConsumerModel::says_something(const core::Change& change, const Known& known) const {
  // A consumer of some states only is not told when the others come and go.
  const bool returned = !notifier_.states.empty() && change.transitions > 0;
  return known.uncertain || known.contested || returned || change.state != known.state ||
         (known.health && change.health != *known.health);
}

bool ConsumerModel::wants(core::InstanceIndex instance, core::VrrpState state) const {
  const core::Instance& configured = topology_.instances[instance];
  const bool named = !notifier_.selects || notifier_.selects(configured.name);
  const std::vector<core::VrrpState>& states = notifier_.states;
  return named && !configured.ignored &&
         (states.empty() || std::find(states.begin(), states.end(), state) != states.end());
}

core::InstanceIndex ConsumerModel::index_of(const std::string& name) const {
  const auto found =
      std::find_if(topology_.instances.begin(), topology_.instances.end(),
                   [&](const core::Instance& instance) { return instance.name == name; });
  require(found != topology_.instances.end(), "only configured instances are told");
  return static_cast<core::InstanceIndex>(found - topology_.instances.begin());
}

}  // namespace batch_notifier::fuzz
