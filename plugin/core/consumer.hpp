// SPDX-License-Identifier: MIT
/// @file
/// One consumer: what it knows (ConsumerKnowledge), when it is served (DeliverySchedule), and the
/// batch that is on its way. A batch is made at the moment it leaves, from the present state; one
/// that fails is not kept but made again, so that nothing stale follows something newer. No
/// consumer waits for another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/batch.hpp"
#include "core/consumer_knowledge.hpp"
#include "core/delivery_schedule.hpp"
#include "core/registry.hpp"
#include "core/run_identity.hpp"
#include "core/settings.hpp"
#include "core/statistics.hpp"
#include "core/time.hpp"

namespace batch_notifier::core {

/// What all consumers share. Everything outlives them.
struct ConsumerContext {
  const Registry& registry;  ///< The present state.
  /// Network namespace of each keepalived, by KeepalivedId.
  const std::vector<std::string>& net_namespaces;
  const BatchTiming& timing;  ///< Batching times.
  const RunIdentity& run;     ///< What every batch carries.
  Statistics& statistics;     ///< Counters.
};

/// One consumer. Pure.
class Consumer {
 public:
  /// Nothing has been delivered yet, so the first batch will be a snapshot. `notifier` must outlive
  /// the object.
  Consumer(const NotifierSettings& notifier, const ConsumerContext& context, std::uint32_t seed);

  /// Takes over whether the consumer had its first snapshot in a former run; before any change.
  void restore_snapshot_delivered(bool delivered, Now now);

  /// A row was added, or its configuration changed. Changes of it that a former run left
  /// undelivered join the next batch.
  void configure(InstanceId instance, Now now);
  /// A row is about to be erased.
  void erase(InstanceId instance);

  /// The row's status shows another state.
  void add_transition(InstanceId instance, Now now);
  /// The row's status shows another health.
  void add_health_change(InstanceId instance, Now now);
  /// The instance is MASTER and has heard a MASTER of lower priority: the consumer is told again.
  void add_contest(InstanceId instance, Now now);

  /// The start is over and every state is known: from now on batches leave.
  void release(Now now);
  /// keepalived is stopping; see DeliverySchedule::hurry().
  void hurry(Now now) { schedule_.hurry(now); }
  /// Delivers what is pending, without waiting for its window.
  void flush() { schedule_.flush(in_flight()); }

  /// The batch that is to leave now, if any. It is in flight until finish().
  std::optional<Batch> take_due(Now now);

  /// Takes the result of the batch in flight. Returns how long until the next attempt, after a
  /// failure. Ignored when none is in flight.
  std::optional<Duration> finish(const DeliveryResult& result, Now now);

  /// When take_due() must be called, if nothing else happens.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const;

  /// Whether a stop need not wait for it: nothing is pending or in flight, or it is off.
  [[nodiscard]] bool idle() const {
    const bool waits = schedule_.window_open() || (snapshot_wanted_ && !schedule_.released());
    return off_ || (!in_flight_ && !waits);
  }
  /// Whether a batch is in flight.
  [[nodiscard]] bool in_flight() const { return in_flight_.has_value(); }
  /// Whether the consumer has had its first snapshot.
  [[nodiscard]] bool snapshot_delivered() const { return snapshot_delivered_; }

  /// What it knows, for restore() and record() of the ledger.
  ConsumerKnowledge& knowledge() { return knowledge_; }
  /// What it knows.
  [[nodiscard]] const ConsumerKnowledge& knowledge() const { return knowledge_; }

 private:
  /// A batch on its way, or one that failed, with the row of each of its changes.
  struct Delivery {
    Batch batch;
    std::vector<InstanceId> instances;
    Now opened;
  };

  void add_changed(InstanceId instance, Now now, bool urgent);
  [[nodiscard]] Delivery collect(bool snapshot);
  void consider(InstanceId instance, bool snapshot, Delivery& delivery);
  void identify(Delivery& delivery, bool snapshot, Now now);
  void settle_each(const DeliveryResult& result);
  void finish_snapshot(Now now);

  const NotifierSettings& notifier_;
  const ConsumerContext context_;
  ConsumerKnowledge knowledge_;
  DeliverySchedule schedule_;
  std::vector<InstanceId> changed_;  // Each once, in no order.
  std::optional<Delivery> in_flight_;
  std::optional<Batch> failed_;  // The newest attempt, until another batch is made.
  std::uint64_t sequence_ = 0;
  bool snapshot_wanted_ = true;
  bool snapshot_delivered_ = false;
  bool off_ = false;  // Exit status 78: no further batch until the next start.
};

}  // namespace batch_notifier::core
