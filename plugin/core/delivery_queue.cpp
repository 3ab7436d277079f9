// SPDX-License-Identifier: MIT
#include "core/delivery_queue.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <utility>

#include "core/deadlines.hpp"

namespace batch_notifier::core {

namespace {

constexpr Duration first_retry_wait{1'000'000};
constexpr std::uint32_t doublings_max = 20;
// What `hurry` makes of the configured times.
constexpr Duration hurried_wait{100'000};
constexpr Duration hurried_max_wait{500'000};
const std::vector<InstanceIndex> no_instances;

}  // namespace

DeliveryQueue::DeliveryQueue(const NotifierSettings& notifier, const BatchTiming& timing,
                             const RunIdentity& run, Picture picture, Statistics& statistics,
                             std::uint32_t seed)
    : notifier_(notifier),
      timing_(timing),
      run_(run),
      picture_(picture),
      statistics_(statistics),
      random_(seed),
      told_(picture.topology.instances.size()) {
  for (const Instance& instance : picture.topology.instances) {
    const bool named = notifier.instances.empty() ||
                       fnmatch(notifier.instances.c_str(), instance.name.c_str(), 0) == 0;
    selected_.push_back(named && !instance.ignored);
  }
}

void DeliveryQueue::restore(const std::vector<ToldRecord>& told, bool snapshot_told, Now now) {
  snapshot_told_ = snapshot_told;
  snapshot_wanted_ = !snapshot_told;
  if (snapshot_told && timing_.repeat_interval > Duration::zero()) {
    repeat_at_ = now.monotonic + timing_.repeat_interval;
  }
  for (InstanceIndex instance = 0; instance < told_.size(); ++instance) {
    const ToldRecord& record = told.at(instance);
    told_[instance].state = record.state;
    told_[instance].health = record.health;
    told_[instance].uncertain = record.uncertain;
    told_[instance].trail = record.trail;
    const bool other_health = record.health && *record.health != picture_.statuses[instance].health;
    const bool pending = record.uncertain || record.trail.transitions() > 0 || other_health;
    // The first snapshot tells everything anyway.
    if (pending && selected_[instance] && snapshot_told) {
      note(instance, now);
    }
  }
}

std::vector<ToldRecord> DeliveryQueue::told() const {
  std::vector<ToldRecord> records;
  records.reserve(told_.size());
  for (const Told& told : told_) {
    records.push_back({told.state, told.health, told.uncertain, told.trail});
  }
  for (const InstanceIndex instance : in_flight_ ? in_flight_instances_ : no_instances) {
    records[instance].uncertain = true;
  }
  return records;
}

void DeliveryQueue::note_transition(InstanceIndex instance, Now now) {
  // Of what is not selected too: the next configuration may select it.
  const VrrpState state = picture_.statuses[instance].state;
  told_[instance].trail.add(state);
  told_[instance].newer.add(state);
  if (selected_[instance]) {
    // Losing keepalived itself is told within a second, whatever went out just before.
    urgent_ = urgent_ || picture_.statuses[instance].cause == Cause::lost;
    note(instance, now);
  }
}

void DeliveryQueue::note_health(InstanceIndex instance, Now now) {
  if (selected_[instance]) {
    note(instance, now);
  }
}

void DeliveryQueue::note(InstanceIndex instance, Now now) {
  changed_.insert(instance);
  open_window(now);
  window_->last_change = now.monotonic;
}

void DeliveryQueue::open_window(Now now) {
  if (!window_) {
    window_ = Window{now, now.monotonic};
  }
}

void DeliveryQueue::release(Now now) {
  released_ = true;
  if (snapshot_wanted_) {
    open_window(now);
  }
}

void DeliveryQueue::hurry(Now now) {
  hurried_ = true;
  if (retry_at_) {
    retry_at_ = std::min(*retry_at_, now.monotonic);
  }
}

MonotonicTime DeliveryQueue::window_end() const {
  const MonotonicTime opened = window_->opened.monotonic;
  if (flush_requested_ || (timing_.max_changes != 0 && changed_.size() >= timing_.max_changes)) {
    return opened;
  }
  const Duration wait = hurried_ ? std::min(timing_.wait, hurried_wait) : timing_.wait;
  const Duration max_wait =
      hurried_ ? std::min(timing_.max_wait, hurried_max_wait) : timing_.max_wait;
  return std::min(window_->last_change + wait, opened + max_wait);
}

std::optional<MonotonicTime> DeliveryQueue::deadline() const {
  if (in_flight_ || !released_) {
    return std::nullopt;
  }
  if (retry_at_) {
    return flush_requested_ ? last_sent_ : retry_at_;
  }
  std::optional<MonotonicTime> due = repeat_at_;
  if (window_) {
    due = earliest(due, window_end());
  }
  if (due && last_sent_ && !hurried_ && !flush_requested_ && !urgent_) {
    due = std::max(*due, *last_sent_ + timing_.interval);
  }
  return due;
}

std::optional<Batch> DeliveryQueue::take_due(Now now) {
  const std::optional<MonotonicTime> due = deadline();
  if (!due || *due > now.monotonic) {
    return std::nullopt;
  }
  if (repeat_at_ && *repeat_at_ <= now.monotonic) {
    repeat_at_.reset();
    snapshot_wanted_ = true;
  }
  const bool snapshot = snapshot_wanted_;
  std::vector<Change> changes = collect(snapshot);
  std::optional<Batch> batch;
  if (changes.empty()) {
    failures_ = 0;
    // One that has never been told anything still waits for its first one.
    if (snapshot && snapshot_told_) {
      finish_snapshot(now);
    }
  } else {
    in_flight_opened_ = window_ ? window_->opened : now;
    batch = make_batch(std::move(changes), snapshot, now);
    last_sent_ = now.monotonic;
    in_flight_ = batch;
  }
  changed_.clear();
  window_.reset();
  failed_.reset();
  retry_at_.reset();
  flush_requested_ = false;
  urgent_ = false;
  return batch;
}

std::vector<Change> DeliveryQueue::collect(bool snapshot) {
  std::vector<Change> changes;
  in_flight_instances_.clear();
  const auto consider = [&](InstanceIndex instance) {
    Told& told = told_[instance];
    const VrrpState state = picture_.statuses[instance].state;
    if (!wants(state)) {
      // Not told of this state, the consumer must be told of the next one even if it is the last
      // that it knows of.
      told.uncertain = told.uncertain || (told.health && state != told.state);
    } else if (snapshot || needs_telling(instance)) {
      changes.push_back(describe(instance));
      in_flight_instances_.push_back(instance);
      told.newer = Trail(state);
    } else {
      suppress(instance);
    }
  };
  if (snapshot) {
    for (InstanceIndex instance = 0; instance < told_.size(); ++instance) {
      if (selected_[instance]) {
        consider(instance);
      }
    }
  } else {
    std::for_each(changed_.begin(), changed_.end(), consider);
  }
  return changes;
}

Batch DeliveryQueue::make_batch(std::vector<Change> changes, bool snapshot, Now now) {
  if (same_as_failed(changes, snapshot)) {
    Batch again = std::move(*failed_);
    ++again.attempt;
    return again;
  }
  Batch batch;
  batch.sequence = ++sequence_;
  batch.id = run_.epoch + "-" + notifier_.name + "-" + std::to_string(batch.sequence);
  batch.epoch = run_.epoch;
  batch.notifier = notifier_.name;
  batch.host = run_.host;
  batch.time = now.utc;
  batch.opened = in_flight_opened_.utc;
  batch.snapshot = snapshot;
  batch.changes = std::move(changes);
  return batch;
}

bool DeliveryQueue::same_as_failed(const std::vector<Change>& changes, bool snapshot) const {
  return failed_ && failed_->snapshot == snapshot && failed_->changes == changes;
}

bool DeliveryQueue::wants(VrrpState state) const {
  const std::vector<VrrpState>& states = notifier_.states;
  return states.empty() || std::find(states.begin(), states.end(), state) != states.end();
}

bool DeliveryQueue::needs_telling(InstanceIndex instance) const {
  const Told& told = told_[instance];
  const InstanceStatus& status = picture_.statuses[instance];
  return told.uncertain || status.state != told.state ||
         (told.health && status.health != *told.health);
}

Change DeliveryQueue::describe(InstanceIndex instance) const {
  const Instance& configured = picture_.topology.instances[instance];
  const InstanceStatus& status = picture_.statuses[instance];
  const Told& told = told_[instance];
  Change change;
  change.net_namespace = picture_.topology.net_namespace;
  change.instance = configured.name;
  change.interface = configured.interface;
  change.vrid = configured.vrid;
  change.family = configured.family;
  if (!configured.sync_group.empty()) {
    change.sync_group = configured.sync_group;
  }
  change.previous = told.state;
  change.state = status.state;
  change.since = status.since;
  change.transitions = told.trail.transitions();
  change.path = told.trail.path();
  change.cause = cause_of(instance);
  change.authority = status.authority;
  change.priority = status.priority;
  change.vips_expected = static_cast<std::uint32_t>(configured.vips.size());
  change.vips_present = status.vips_present;
  change.health = status.health;
  change.labels = configured.labels;
  return change;
}

Cause DeliveryQueue::cause_of(InstanceIndex instance) const {
  const Told& told = told_[instance];
  const InstanceStatus& status = picture_.statuses[instance];
  if (status.state != told.state || told.trail.transitions() > 0) {
    return status.cause;
  }
  if (!told.health) {
    return Cause::startup;
  }
  return told.uncertain || status.health != *told.health ? Cause::health : Cause::repeat;
}

void DeliveryQueue::suppress(InstanceIndex instance) {
  Told& told = told_[instance];
  statistics_.add(Counter::suppressed_transitions, told.trail.transitions());
  told.trail = Trail(told.state);
}

std::optional<Duration> DeliveryQueue::finish(const DeliveryResult& result, Now now) {
  if (!in_flight_) {
    return std::nullopt;
  }
  const bool over =
      result.status == DeliveryStatus::delivered || result.status == DeliveryStatus::refused;
  if (over) {
    acknowledge(now);
    statistics_.add(result.status == DeliveryStatus::delivered ? Counter::batches_delivered
                                                               : Counter::deliveries_refused);
    return std::nullopt;
  }
  take_back(result.status == DeliveryStatus::failed);
  statistics_.add(Counter::deliveries_failed);
  const Duration wait = std::max(retry_wait(), result.retry_after.value_or(Duration::zero()));
  retry_at_ = now.monotonic + wait;
  return wait;
}

void DeliveryQueue::acknowledge(Now now) {
  for (std::size_t index = 0; index < in_flight_instances_.size(); ++index) {
    Told& told = told_[in_flight_instances_[index]];
    told.state = in_flight_->changes[index].state;
    told.health = in_flight_->changes[index].health;
    told.uncertain = false;
    told.trail = told.newer;
  }
  if (in_flight_->snapshot) {
    finish_snapshot(now);
  }
  in_flight_.reset();
  failures_ = 0;
}

void DeliveryQueue::finish_snapshot(Now now) {
  snapshot_wanted_ = false;
  snapshot_told_ = true;
  if (timing_.repeat_interval > Duration::zero()) {
    repeat_at_ = now.monotonic + timing_.repeat_interval;
  }
}

void DeliveryQueue::take_back(bool may_have_been_seen) {
  for (const InstanceIndex instance : in_flight_instances_) {
    changed_.insert(instance);
    told_[instance].uncertain = told_[instance].uncertain || may_have_been_seen;
  }
  // The window of what failed began earlier than that of anything newer.
  const MonotonicTime last_change = window_ ? window_->last_change : *last_sent_;
  window_ = Window{in_flight_opened_, last_change};
  failed_ = std::move(in_flight_);
  in_flight_.reset();
}

Duration DeliveryQueue::retry_wait() {
  const Duration doubled = first_retry_wait * (1LL << std::min(failures_, doublings_max));
  ++failures_;
  if (hurried_) {
    return std::min(hurried_max_wait, notifier_.retry_max);
  }
  const auto per_mille = static_cast<std::int64_t>(800 + random_() % 401);
  return std::min(doubled, notifier_.retry_max) * per_mille / 1000;
}

}  // namespace batch_notifier::core
