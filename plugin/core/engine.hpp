// SPDX-License-Identifier: MIT
/// @file
/// The whole decision in one pure machine: event in, actions out. The judge finds what is, the hold
/// and the health monitor decide what of it counts, the queues decide who needs telling and when.
/// A failover of a thousand instances, a flap storm or a dying consumer is a table in a unit test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "core/batch.hpp"
#include "core/delivery_queue.hpp"
#include "core/health_monitor.hpp"
#include "core/instance_status.hpp"
#include "core/judge.hpp"
#include "core/ledger.hpp"
#include "core/observation.hpp"
#include "core/promotion_hold.hpp"
#include "core/settings.hpp"
#include "core/statistics.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"

namespace batch_notifier::core {

/// A notifier has finished the batch that it was given.
struct DeliveryFinished {
  std::size_t notifier = 0;  ///< Position in Settings::notifiers.
  DeliveryResult result;     ///< What came of it.
};

/// Stop, once the last state has been heard and told, or when the time is up.
struct StopRequested {
  Duration within{0};  ///< How long that may take.
};

/// Another worker takes over: send nothing more, and stop once nothing is in flight.
struct HandoverRequested {
  Duration within{0};  ///< How long a delivery in flight may still take.
};

/// Every queue sends what it has, now.
struct FlushRequested {};

/// A deadline has come.
struct TimeReached {};

/// Anything that can happen to the engine.
using Event = std::variant<Observation, DeliveryFinished, StopRequested, HandoverRequested,
                           FlushRequested, TimeReached>;

/// Hand this batch to this notifier.
struct Deliver {
  std::size_t notifier = 0;  ///< Position in Settings::notifiers.
  Batch batch;               ///< What to tell.
};

/// A notifier failed and will be tried again.
struct RetryScheduled {
  std::size_t notifier = 0;  ///< Position in Settings::notifiers.
  Duration wait{0};          ///< After how long.
};

/// An instance has changed state, or its health has settled otherwise. For the log; the consumers
/// hear of it by batch.
struct StatusChanged {
  InstanceIndex instance = 0;  ///< Which instance.
};

/// All that can be told has been told; or the time is up.
struct StopCompleted {
  bool everything_delivered = false;  ///< Whether nothing was left over.
};

/// Anything that the engine wants done. To be done in order.
using Action = std::variant<Deliver, RetryScheduled, StatusChanged, StopCompleted>;

/// The core of one plugin object. Pure: same events at same times, same actions.
class Engine {
 public:
  /// `topology` and `settings` must outlive the engine. `run` names this run in every batch; `seed`
  /// varies the waits between retries. `former` is what an earlier run left, or empty; `topology`
  /// has been through with_removed() with it.
  Engine(const Topology& topology, const Settings& settings, RunIdentity run, std::uint32_t seed,
         const Ledger& former, Now started);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Handles one event.
  std::vector<Action> step(const Event& event, Now now);

  /// When TimeReached must be handed in, if nothing else happens. A deadline in the past means at
  /// once.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const;

  /// What a following run is to know.
  [[nodiscard]] Ledger ledger() const;

  /// Present picture of every instance, by InstanceIndex.
  [[nodiscard]] const std::vector<InstanceStatus>& statuses() const { return statuses_; }

  /// Whether a promotion of the instance waits for its hold to pass.
  [[nodiscard]] bool holds(InstanceIndex instance) const { return hold_.holds(instance); }

  /// Counters of the run; the edges add theirs.
  Statistics& statistics() { return statistics_; }

 private:
  void handle(const Observation& observation, Now now, std::vector<Action>& actions);
  void handle(const DeliveryFinished& finished, Now now, std::vector<Action>& actions);
  void handle(const StopRequested& request, Now now, std::vector<Action>& actions);
  void handle(const HandoverRequested& request, Now now, std::vector<Action>& actions);
  void handle(const FlushRequested& request, Now now, std::vector<Action>& actions);
  void handle(const TimeReached& reached, Now now, std::vector<Action>& actions);

  void restore(const Ledger& former, Now now);
  void restore_status(InstanceIndex index, const InstanceRecord& record, bool continues);
  void remember_removed(const Ledger& former);
  void restore_queue(std::size_t notifier, const Ledger& former, const NotifierRecord& record,
                     Now now);
  void introduce_queue(std::size_t notifier, Now now);
  void take(const std::vector<Verdict>& verdicts, Now now, std::vector<Action>& actions);
  void apply(const Transition& transition, Now now, std::vector<Action>& actions);
  void note_addresses(const Observation& observation, Now now, std::vector<Action>& actions);
  void assess_health(InstanceIndex instance, Now now, std::vector<Action>& actions);
  void take_health(InstanceIndex instance, Now now, std::vector<Action>& actions);
  void dispatch_queues(Now now, std::vector<Action>& actions);
  void try_to_stop(Now now, std::vector<Action>& actions);
  [[nodiscard]] bool everything_told() const;
  [[nodiscard]] bool keepalived_has_stopped() const;

  const Topology& topology_;
  const Settings& settings_;
  RunIdentity run_;
  Statistics statistics_;
  std::vector<InstanceStatus> statuses_;
  Judge judge_;
  PromotionHold hold_;
  HealthMonitor health_;
  std::vector<DeliveryQueue> queues_;
  /// Removed instances of which everybody knows, in the order in which they went: should one come
  /// back, DELETED is what it was told as last.
  std::vector<InstanceRecord> forgotten_;
  bool addresses_known_ = false;
  bool released_ = false;
  bool handing_over_ = false;
  std::optional<MonotonicTime> stop_at_;
  bool stopped_ = false;
};

}  // namespace batch_notifier::core
