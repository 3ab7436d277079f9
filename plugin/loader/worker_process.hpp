// SPDX-License-Identifier: MIT
/// @file
/// A worker as its watcher sees it: whether it runs, hangs or has ended, and how. The watcher may
/// be another process than the worker's parent, see supervisor.hpp.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "loader/worker_seat.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::loader {

/// How a worker ended.
struct WorkerEnd {
  std::optional<int> exit_status;  ///< Nothing if it was killed.
  std::string text;                ///< For people, e.g. "worker 12 ended with status 1".
};

/// One worker that was started.
class WorkerProcess {
 public:
  /// `pid` has just been forked, with a copy of `seat`, whose worker's side is closed here.
  WorkerProcess(pid_t pid, WorkerSeat seat);

  /// Its process ID.
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// "worker 12".
  [[nodiscard]] std::string name() const;
  /// Readable once it has ended; -1 before Linux 5.3, where only a parent gets SIGCHLD.
  [[nodiscard]] int end_fd() const { return process_.get(); }
  /// What it shares with us.
  [[nodiscard]] const WorkerSeat& seat() const { return seat_; }

  /// Once it has ended: readable when its deliveries have, too. None where that is not known.
  [[nodiscard]] runtime::UniqueFd take_remains() { return seat_.take_remains(); }

  /// Sends a signal, unless it has ended.
  void signal(int number) const;
  /// Kills it, and its deliveries first: they outlive one that sleeps in the kernel.
  void kill_all() const;
  /// Whether it has ended, and how. Never blocks. Once only: the process is reaped.
  [[nodiscard]] std::optional<WorkerEnd> end();

 private:
  pid_t pid_;
  WorkerSeat seat_;
  runtime::UniqueFd process_;
};

}  // namespace batch_notifier::loader
