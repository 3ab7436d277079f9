// SPDX-License-Identifier: MIT
/// @file
/// What a worker and the process that watches it share: a timer, a note and a pipe.
///
/// The timer tells a worker that hangs from one that has nothing to do. The worker arms it before a
/// turn of its loop and disarms it before it sleeps; the watcher polls the same timer. So nothing
/// wakes up while a worker sleeps, and no heartbeat is needed. A signal would not do: it cannot be
/// seen from outside whether a worker that sleeps in the kernel has taken it.
///
/// The timer uses CLOCK_MONOTONIC, which stands still while the machine is suspended.
///
/// The note is the worker's exit status. Only a parent can read that from the kernel, and the
/// process that watches while keepalived stops is not the parent.
///
/// The pipe is for the worker's deliveries, whose processes hold its writing end: its end of file
/// says that nothing of them runs any more, which may be later than the end of a killed worker.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "core/time.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::loader {

/// How long a turn of a worker's loop may take: far longer than any takes, on a busy machine too.
inline constexpr core::Duration longest_turn = std::chrono::seconds(5);
/// The same for its start, which reads the configuration and loads libraries.
inline constexpr core::Duration longest_start = std::chrono::seconds(30);
/// How long after the timer has run out the worker is looked at again, before it counts as hung:
/// where the whole machine stood still, the worker goes on meanwhile.
inline constexpr core::Duration last_moment = std::chrono::milliseconds(500);

/// Made by the watcher before the fork; both sides have a copy of the object.
class WorkerSeat {
 public:
  /// Where one of the three cannot be had, does without.
  WorkerSeat();
  /// The other one is empty afterwards.
  WorkerSeat(WorkerSeat&& other) noexcept;
  /// Exchanges the two.
  WorkerSeat& operator=(WorkerSeat&& other) noexcept;
  WorkerSeat(const WorkerSeat&) = delete;
  WorkerSeat& operator=(const WorkerSeat&) = delete;
  ~WorkerSeat();

  /// For the worker: a turn begins, which may take this long.
  void begin_turn(core::Duration limit) const;
  /// For the worker: the turn is over.
  void end_turn() const;
  /// For the worker: it is about to exit with this status.
  void note_exit(int status);

  /// For the worker: what deliveries keep open; -1 for none.
  [[nodiscard]] int deliveries_fd() const { return deliveries_.get(); }

  /// For the worker, once it is forked: the watcher's end of the pipe is the watcher's.
  void leave_to_watcher() { remains_.reset(); }

  /// For the watcher, once the worker is forked: the worker's end of the pipe is the worker's.
  void leave_to_worker() { deliveries_.reset(); }
  /// For the watcher, once the worker has ended: readable when its deliveries have, too.
  [[nodiscard]] runtime::UniqueFd take_remains() { return std::move(remains_); }
  /// For the watcher: readable once a turn has taken too long; -1 for none.
  [[nodiscard]] int timer_fd() const { return timer_.get(); }
  /// For the watcher: whether a turn has taken too long and is not over yet.
  [[nodiscard]] bool overdue() const;
  /// For the watcher: how long the present turn may take.
  [[nodiscard]] core::Duration limit() const;
  /// For the watcher, once the worker has ended: its exit status; nothing if it was killed.
  [[nodiscard]] std::optional<int> noted_exit() const;

 private:
  struct Note;

  void set_timer(core::Duration left) const;

  runtime::UniqueFd timer_;
  runtime::UniqueFd deliveries_;
  runtime::UniqueFd remains_;
  Note* note_ = nullptr;
};

}  // namespace batch_notifier::loader
