// SPDX-License-Identifier: MIT
/// @file
/// All decisions in one pure object: it takes an event and returns actions. Judge decides the state
/// of an instance; PromotionHold and HealthMonitor decide when a new state or health counts; each
/// Consumer decides what its next batch has and when it leaves. Because no system is involved, a
/// unit test can play a failover of a thousand instances in milliseconds.
///
/// One engine serves any number of keepalived. Each has a Judge of its own; their instances are
/// rows of one registry. A start takes the rows from the ledger, and then ConfigurationChanged for
/// each keepalived.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/consumer.hpp"
#include "core/deadlines.hpp"
#include "core/event.hpp"
#include "core/health_monitor.hpp"
#include "core/keepalived.hpp"
#include "core/ledger.hpp"
#include "core/promotion_hold.hpp"
#include "core/registry.hpp"
#include "core/save_schedule.hpp"
#include "core/settings.hpp"
#include "core/statistics.hpp"
#include "core/time.hpp"

namespace batch_notifier::core {

/// How long a worker that hands over waits at most for a delivery that is under way. All consumers
/// wait with it.
inline constexpr Duration longest_handover{10'000'000};

/// A worker that hands over ends this much earlier than the time that it asked the next one to wait
/// for it.
inline constexpr Duration handover_margin{500'000};

/// How many removed instances are kept once every consumer knows that they are DELETED. When such
/// an instance comes back, its `previous` is DELETED.
inline constexpr std::size_t remembered_at_most = 1000;

/// The core of one plugin object. Pure: same events at same times, same actions.
class Engine {
 public:
  /// `settings` must outlive the engine. `run` names this run in every batch; `seed` varies the
  /// waits between retries. `former` is what an earlier run left, or empty.
  Engine(const Settings& settings, RunIdentity run, std::uint32_t seed, const Ledger& former,
         Now started);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() = default;

  /// The id of a keepalived, new or known: `name` is empty for the one that started the plugin,
  /// else the path of its configuration.
  KeepalivedId keepalived(const std::string& name);

  /// Handles one event.
  std::vector<Action> step(const Event& event, Now now);

  /// When TimeReached must be handed in, if nothing else happens. A deadline in the past means at
  /// once.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const;

  /// The content of the ledger: all that the next run continues from.
  [[nodiscard]] Ledger ledger() const;

  /// The present state of every instance.
  [[nodiscard]] const Registry& instances() const { return registry_; }

  /// Rows of one keepalived's configuration, by InstanceIndex.
  [[nodiscard]] const std::vector<InstanceId>& members(KeepalivedId keepalived) const;

  /// Whether a promotion of the instance waits for its hold to pass.
  [[nodiscard]] bool holds(InstanceId instance) const { return hold_.holds(instance); }

  /// Counters of the run; the edges add theirs.
  Statistics& statistics() { return statistics_; }

 private:
  struct Stopping {
    bool handing_over = false;
    bool stopped = false;
    std::optional<MonotonicTime> at;
  };
  using Actions = std::vector<Action>;

  void handle(const Observed& observed, Now now, Actions& actions);
  void handle(const ConfigurationChanged& changed, Now now, Actions& actions);
  void handle(const DeliveryFinished& finished, Now now, Actions& actions);
  void handle(const StopRequested& request, Now now, Actions& actions);
  void handle(const HandoverRequested& request, Now now, Actions& actions);
  void handle(const FifoHandedOver& done, Now now, Actions& actions);
  void handle(const FlushRequested& request, Now now, Actions& actions);
  void handle(const SaveRequested& request, Now now, Actions& actions);
  void handle(const TimeReached& reached, Now now, Actions& actions);

  void restore(const Ledger& former, Now now);
  void restore_row(InstanceId id, const InstanceRecord& record, bool continues);
  void inherit(InstanceId id, InstanceId from, Now now, Actions& actions);
  InstanceId add_row(KeepalivedId keepalived, const Instance& instance, Now now);
  void remove_row(InstanceId id, Now now, Actions& actions);
  void erase_row(InstanceId id);
  void forget_removed();

  void ask_dbus(KeepalivedId id, Actions& actions);
  void take(const std::vector<Verdict>& verdicts, Now now, Actions& actions);
  void apply(const Transition& transition, Now now, Actions& actions);
  void take_addresses(const Observed& observed, Now now, Actions& actions);
  void assess_health(InstanceId instance, Now now, Actions& actions);
  void take_contest(InstanceId instance, Now now);
  void take_health(InstanceId instance, Now now, Actions& actions);
  void steer_sources(const Observed& observed, Actions& actions) const;
  void release_if_settled(Now now);
  void deliver_due(Now now, Actions& actions);
  void try_to_stop(Now now, Actions& actions);
  [[nodiscard]] bool everything_delivered() const;
  [[nodiscard]] bool keepalived_has_stopped() const;

  const Settings& settings_;
  const RunIdentity run_;
  Statistics statistics_;
  Registry registry_;
  std::deque<Keepalived> keepalived_;  // By KeepalivedId; a deque, because judges hold references.
  std::vector<std::string> net_namespaces_;  // By KeepalivedId.
  Deadlines<KeepalivedId> judge_deadlines_;
  PromotionHold hold_;
  HealthMonitor health_;
  std::deque<Consumer> consumers_;
  SaveSchedule save_;
  Stopping stopping_;
  bool released_ = false;
};

}  // namespace batch_notifier::core
