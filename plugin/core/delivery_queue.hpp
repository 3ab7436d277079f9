// SPDX-License-Identifier: MIT
/// @file
/// What one consumer has been told, what it has not, and when it will be. Each notifier has a queue
/// of its own and waits for nobody.
///
/// It holds levels, not events: per instance the last acknowledged state and a trail of fixed size.
/// A batch is made at the moment it leaves, from what *is* then; one that fails is not kept but
/// made again, so that nothing stale follows something newer. A failed attempt may have been acted
/// upon all the same (a command that did its work and then failed, a reply lost on the way), so its
/// instances count as uncertain: they are told again even if they have gone back to where they
/// were.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "core/batch.hpp"
#include "core/instance_status.hpp"
#include "core/ledger.hpp"
#include "core/run_identity.hpp"
#include "core/settings.hpp"
#include "core/statistics.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"
#include "core/trail.hpp"

namespace batch_notifier::core {

/// What queues look at when they make a batch: the present picture of every instance.
struct Picture {
  const Topology& topology;                     ///< The instances.
  const std::vector<InstanceStatus>& statuses;  ///< Their status, by InstanceIndex.
};

/// The queue of one notifier. Pure.
class DeliveryQueue {
 public:
  /// Nothing has been told yet, so the first batch will be a snapshot. All references must outlive
  /// the queue. `seed` varies the waits between retries from one queue to another.
  DeliveryQueue(const NotifierSettings& notifier, const BatchTiming& timing, const RunIdentity& run,
                Picture picture, Statistics& statistics, std::uint32_t seed);

  /// Takes over what the consumer was told in a former run, before anything else: `told` has one
  /// record for every instance of the picture. After that the first batch is no snapshot, if it has
  /// had one.
  void restore(const std::vector<ToldRecord>& told, bool snapshot_told, Now now);

  /// What the consumer knows by now; a batch in flight counts as not acknowledged.
  [[nodiscard]] std::vector<ToldRecord> told() const;

  /// Whether the consumer has had its first snapshot.
  [[nodiscard]] bool snapshot_told() const { return snapshot_told_; }

  /// Whether a batch is in flight.
  [[nodiscard]] bool in_flight() const { return in_flight_.has_value(); }

  /// Notes a transition that the picture shows already.
  void note_transition(InstanceIndex instance, Now now);

  /// Notes that the picture shows another health.
  void note_health(InstanceIndex instance, Now now);

  /// The picture is complete from now on; until then nothing leaves.
  void release(Now now);

  /// keepalived is stopping and little time is left: from now on nothing waits for
  /// `batch_interval`, windows and waits between retries are short, and what waits for a retry is
  /// tried at once.
  void hurry(Now now);

  /// Sends what there is at the next opportunity, without waiting for a window to close.
  void flush() { flush_requested_ = window_ || retry_at_ || in_flight_; }

  /// The batch that is to leave now, if any. It counts as in flight until finish().
  std::optional<Batch> take_due(Now now);

  /// Takes the result of the batch in flight. Returns how long until the next attempt, after a
  /// failure. Ignored when none is in flight.
  std::optional<Duration> finish(const DeliveryResult& result, Now now);

  /// When take_due() must be called, if nothing else happens.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const;

  /// Whether nothing is waiting and nothing in flight.
  [[nodiscard]] bool idle() const {
    return !in_flight_ && !window_ && (released_ || !snapshot_wanted_);
  }

 private:
  /// What the consumer knows of one instance.
  struct Told {
    VrrpState state = VrrpState::init;
    std::optional<Health> health;  ///< Nothing before the first acknowledgement.
    bool uncertain = false;        ///< An attempt with other content may have been seen.
    Trail trail;                   ///< Since the last acknowledgement.
    Trail newer;                   ///< Since the batch in flight was made.
  };

  /// The time during which changes gather.
  struct Window {
    Now opened;
    MonotonicTime last_change;
  };

  void note(InstanceIndex instance, Now now);
  void open_window(Now now);
  [[nodiscard]] MonotonicTime window_end() const;
  [[nodiscard]] bool wants(VrrpState state) const;
  [[nodiscard]] bool needs_telling(InstanceIndex instance) const;
  [[nodiscard]] Change describe(InstanceIndex instance) const;
  [[nodiscard]] Cause cause_of(InstanceIndex instance) const;
  [[nodiscard]] std::vector<Change> collect(bool snapshot);
  [[nodiscard]] Batch make_batch(std::vector<Change> changes, bool snapshot, Now now);
  [[nodiscard]] bool same_as_failed(const std::vector<Change>& changes, bool snapshot) const;
  void suppress(InstanceIndex instance);
  void acknowledge(Now now);
  void finish_snapshot(Now now);
  void take_back(bool may_have_been_seen);
  [[nodiscard]] Duration retry_wait();

  const NotifierSettings& notifier_;
  const BatchTiming& timing_;
  const RunIdentity& run_;
  Picture picture_;
  Statistics& statistics_;
  std::minstd_rand random_;

  std::vector<bool> selected_;
  std::vector<Told> told_;
  std::set<InstanceIndex> changed_;
  std::optional<Window> window_;
  std::optional<Batch> in_flight_;
  std::vector<InstanceIndex> in_flight_instances_;
  Now in_flight_opened_;
  std::optional<Batch> failed_;
  std::optional<MonotonicTime> last_sent_;
  std::optional<MonotonicTime> retry_at_;
  std::optional<MonotonicTime> repeat_at_;
  std::uint64_t sequence_ = 0;
  std::uint32_t failures_ = 0;
  bool released_ = false;
  bool hurried_ = false;
  bool flush_requested_ = false;
  bool urgent_ = false;
  bool snapshot_wanted_ = true;
  bool snapshot_told_ = false;
};

}  // namespace batch_notifier::core
