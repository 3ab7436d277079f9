// SPDX-License-Identifier: MIT
#include "core/consumer.hpp"

#include <algorithm>
#include <utility>

namespace batch_notifier::core {

namespace {

bool is_retried(DeliveryStatus status) {
  return status == DeliveryStatus::failed || status == DeliveryStatus::unseen;
}

}  // namespace

Consumer::Consumer(const NotifierSettings& notifier, const ConsumerContext& context,
                   std::uint32_t seed)
    : notifier_(notifier),
      context_(context),
      knowledge_(notifier, context.registry),
      schedule_(context.timing, notifier.retry_max,
                notifier.repeat_interval.value_or(context.timing.repeat_interval), seed) {
}

void Consumer::restore_snapshot_delivered(bool delivered, Now now) {
  snapshot_delivered_ = delivered;
  snapshot_wanted_ = !delivered;
  if (delivered) {
    schedule_.snapshot_done(now.monotonic);
  }
}

void Consumer::configure(InstanceId instance, Now now) {
  knowledge_.configure(instance);
  // release() has the first snapshot made, which lists everything.
  const bool snapshot_to_come = !snapshot_delivered_ && !schedule_.released();
  if (!snapshot_to_come && knowledge_.selects(instance) && knowledge_.pending(instance)) {
    add_changed(instance, now, /*urgent=*/false);
  }
}

void Consumer::erase(InstanceId instance) {
  changed_.erase(std::remove(changed_.begin(), changed_.end(), instance), changed_.end());
  knowledge_.erase(instance);
}

void Consumer::add_transition(InstanceId instance, Now now) {
  knowledge_.add_transition(instance);
  if (knowledge_.selects(instance)) {
    // The loss of keepalived itself is delivered within a second, whatever left just before.
    add_changed(instance, now, context_.registry[instance].status.cause == Cause::lost);
  }
}

void Consumer::add_health_change(InstanceId instance, Now now) {
  if (knowledge_.selects(instance)) {
    add_changed(instance, now, /*urgent=*/false);
  }
}

void Consumer::add_contest(InstanceId instance, Now now) {
  if (knowledge_.selects(instance)) {
    knowledge_.add_contest(instance);
    add_changed(instance, now, /*urgent=*/false);
  }
}

void Consumer::add_changed(InstanceId instance, Now now, bool urgent) {
  if (!knowledge_.set_changed(instance, true)) {
    changed_.push_back(instance);
  }
  schedule_.change(now, urgent);
}

void Consumer::release(Now now) {
  schedule_.release();
  if (snapshot_wanted_) {
    schedule_.open_window(now);
  }
}

std::optional<MonotonicTime> Consumer::deadline() const {
  return in_flight_ || off_ ? std::nullopt : schedule_.deadline(changed_.size());
}

std::optional<Batch> Consumer::take_due(Now now) {
  const std::optional<MonotonicTime> due = deadline();
  if (!due || *due > now.monotonic) {
    return std::nullopt;
  }
  snapshot_wanted_ = schedule_.take_repeat(now.monotonic) || snapshot_wanted_;
  const bool snapshot = snapshot_wanted_;
  Delivery delivery = collect(snapshot);
  delivery.opened = schedule_.close_window(now);
  if (delivery.instances.empty()) {
    schedule_.succeeded();
    failed_.reset();
    // A consumer that never had a batch still waits for its first snapshot.
    if (snapshot && snapshot_delivered_) {
      finish_snapshot(now);
    }
    return std::nullopt;
  }
  identify(delivery, snapshot, now);
  schedule_.sent(now.monotonic);
  in_flight_ = std::move(delivery);
  return in_flight_->batch;
}

Consumer::Delivery Consumer::collect(bool snapshot) {
  Delivery delivery;
  for (const InstanceId instance : changed_) {
    knowledge_.set_changed(instance, false);
  }
  std::vector<InstanceId> candidates = std::exchange(changed_, {});
  if (snapshot) {
    candidates = context_.registry.in_order();
  } else {
    context_.registry.sort(candidates);
  }
  for (const InstanceId instance : candidates) {
    consider(instance, snapshot, delivery);
  }
  return delivery;
}

void Consumer::consider(InstanceId instance, bool snapshot, Delivery& delivery) {
  const InstanceRow& row = context_.registry[instance];
  if (!knowledge_.selects(instance) || (row.removed() && knowledge_.settled(instance))) {
    return;
  }
  if (!knowledge_.wants(row.status.state)) {
    knowledge_.skip(instance);
  } else if (snapshot || knowledge_.differs(instance)) {
    Change change = knowledge_.describe(instance);
    change.net_namespace = context_.net_namespaces[position_of(row.keepalived)];
    delivery.batch.changes.push_back(std::move(change));
    delivery.instances.push_back(instance);
    knowledge_.begin_delivery(instance);
  } else {
    context_.statistics.add(Counter::suppressed_transitions, knowledge_.suppress(instance));
  }
}

void Consumer::identify(Delivery& delivery, bool snapshot, Now now) {
  Batch& batch = delivery.batch;
  if (failed_ && failed_->snapshot == snapshot && failed_->changes == batch.changes) {
    batch = std::move(*failed_);
    ++batch.attempt;
  } else {
    batch.sequence = ++sequence_;
    batch.id = context_.run.epoch + "-" + notifier_.name + "-" + std::to_string(batch.sequence);
    batch.epoch = context_.run.epoch;
    batch.notifier = notifier_.name;
    batch.host = context_.run.host;
    batch.time = now.utc;
    batch.opened = delivery.opened.utc;
    batch.snapshot = snapshot;
  }
  failed_.reset();
}

std::optional<Duration> Consumer::finish(const DeliveryResult& result, Now now) {
  if (!in_flight_) {
    return std::nullopt;
  }
  settle_each(result);
  Delivery delivery = std::move(*in_flight_);
  in_flight_.reset();
  if (is_retried(result.status)) {
    context_.statistics.add(Counter::deliveries_failed);
    failed_ = std::move(delivery.batch);
    return schedule_.failed(delivery.opened, now, result.retry_after);
  }
  if (delivery.batch.snapshot) {
    finish_snapshot(now);
  }
  schedule_.succeeded();
  off_ = result.status == DeliveryStatus::off;
  context_.statistics.add(result.status == DeliveryStatus::delivered ? Counter::batches_delivered
                                                                     : Counter::deliveries_refused);
  return std::nullopt;
}

// A batch that was refused for good is not sent again by itself, but its instances stay
// unacknowledged: they are delivered with their next change.
void Consumer::settle_each(const DeliveryResult& result) {
  const Delivery& delivery = *in_flight_;
  std::vector<bool> acknowledged(delivery.instances.size(),
                                 result.status == DeliveryStatus::delivered);
  for (const std::size_t position : result.acknowledged) {
    acknowledged.at(position) = true;
  }
  const bool seen = result.status != DeliveryStatus::unseen;
  for (std::size_t position = 0; position < delivery.instances.size(); ++position) {
    const InstanceId instance = delivery.instances[position];
    if (acknowledged[position]) {
      knowledge_.acknowledge(instance, delivery.batch.changes[position]);
      continue;
    }
    knowledge_.give_up(instance, seen);
    if (is_retried(result.status) && !knowledge_.set_changed(instance, true)) {
      changed_.push_back(instance);
    }
  }
}

void Consumer::finish_snapshot(Now now) {
  snapshot_wanted_ = false;
  snapshot_delivered_ = true;
  schedule_.snapshot_done(now.monotonic);
}

}  // namespace batch_notifier::core
