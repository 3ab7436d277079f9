// SPDX-License-Identifier: MIT
/// @file
/// When one consumer is to be served: the window in which changes gather, the least distance of two
/// batches, the wait before a retry, the next repeated snapshot. It knows no instance and no
/// content.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "core/backoff.hpp"
#include "core/settings.hpp"
#include "core/time.hpp"

namespace batch_notifier::core {

/// The times of one consumer. Pure.
class DeliverySchedule {
 public:
  /// `timing` must outlive the object. `retry_max` is the longest wait before a retry,
  /// `repeat_interval` the distance of repeated snapshots, zero for none. `seed` varies the waits
  /// between retries from one consumer to another.
  DeliverySchedule(const BatchTiming& timing, Duration retry_max, Duration repeat_interval,
                   std::uint32_t seed);

  /// Batches may leave from now on.
  void release() { released_ = true; }

  /// Whether they may.
  [[nodiscard]] bool released() const { return released_; }

  /// A change is to be delivered; opens the window if none is open. `urgent`: it does not wait for
  /// `batch_interval`.
  void change(Now now, bool urgent);

  /// Opens the window without a change: a snapshot is due.
  void open_window(Now now);

  /// keepalived is stopping and little time is left: from now on nothing waits for
  /// `batch_interval`, windows and waits between retries are short, and what waits for a retry is
  /// tried at once.
  void hurry(Now now);

  /// What there is leaves at the next opportunity, without waiting for the window to close.
  void flush(bool in_flight) { flush_requested_ = window_ || retry_at_ || in_flight; }

  /// When the consumer is to be served, if nothing else happens and no batch is in flight.
  /// `changed` is how many instances have changed, for `batch_max_changes`.
  [[nodiscard]] std::optional<MonotonicTime> deadline(std::size_t changed) const;

  /// Whether a repeated snapshot is due, which is thereby taken.
  bool take_repeat(MonotonicTime now);

  /// The consumer has been looked at and the window is over; returns when it opened, or `now` if
  /// none was open.
  Now close_window(Now now);

  /// A batch leaves.
  void sent(MonotonicTime now) { last_sent_ = now; }

  /// The consumer needs nothing, or has answered: the next failure is a first one.
  void succeeded() { backoff_.reset(); }

  /// A snapshot has been delivered, or was found to be empty: the next is due one interval later.
  void snapshot_done(MonotonicTime now);

  /// A batch whose window opened at `opened` failed. Returns how long until the next attempt, which
  /// is not before `retry_after` has passed.
  Duration failed(Now opened, Now now, std::optional<Duration> retry_after);

  /// Whether changes are waiting for their window to close.
  [[nodiscard]] bool window_open() const { return window_.has_value(); }

 private:
  /// The time during which changes gather.
  struct Window {
    Now opened;
    MonotonicTime last_change;
  };

  [[nodiscard]] MonotonicTime window_end(std::size_t changed) const;

  const BatchTiming& timing_;
  Duration retry_max_;
  Duration repeat_interval_;
  Backoff backoff_;
  std::minstd_rand random_;
  std::optional<Window> window_;
  std::optional<MonotonicTime> last_sent_;
  std::optional<MonotonicTime> retry_at_;
  std::optional<MonotonicTime> repeat_at_;
  bool released_ = false;
  bool hurried_ = false;
  bool flush_requested_ = false;
  bool urgent_ = false;
};

}  // namespace batch_notifier::core
