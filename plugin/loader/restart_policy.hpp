// SPDX-License-Identifier: MIT
/// @file
/// What to do when a worker has ended: a decision of its own, without processes or clocks, so that
/// hours of crashing are a table in a unit test. After a crash the next worker starts almost at
/// once, because nothing is delivered meanwhile; a plugin that crashes again and again costs one
/// start every five seconds.
#pragma once

#include <chrono>
#include <optional>
#include <variant>

#include "core/time.hpp"

namespace batch_notifier::loader {

/// The supervisor ends.
struct ExitWith {
  int status;  ///< With this exit status.
};

/// The supervisor starts another worker.
struct RestartAfter {
  core::Duration delay;  ///< After this time.
};

/// What follows the end of a worker.
using Decision = std::variant<ExitWith, RestartAfter>;

/// Remembers the ends of former workers.
class RestartPolicy {
 public:
  /// Delay before the first restart.
  static constexpr core::Duration first_delay = std::chrono::milliseconds(100);
  /// Delay at most; it doubles with each restart until then.
  static constexpr core::Duration longest_delay = std::chrono::seconds(5);
  /// A worker that has lived this long was healthy: the delay begins anew.
  static constexpr core::Duration healthy_life = std::chrono::seconds(60);

  /// After this many failed workers since SIGTERM the supervisor ends.
  static constexpr int last_attempts = 3;

  /// A worker has been started.
  void worker_started(core::MonotonicTime now);

  /// keepalived is stopping. From now on a worker that fails is replaced at once, a few times,
  /// because the last states are still to be delivered.
  void stop_requested() { stopping_ = true; }

  /// The worker has ended with `exit_status`, or with nothing if a signal killed it or it could not
  /// even be started. Status 0 ends the supervisor at any time: a worker ends so when a newer one
  /// has taken over. Status 4 ends it only for the first worker, where the command line is wrong;
  /// later a file may just be being replaced.
  Decision worker_ended(std::optional<int> exit_status, core::MonotonicTime now);

 private:
  bool stopping_ = false;
  int failed_in_stop_ = 0;
  bool first_ = true;
  std::optional<core::MonotonicTime> started_at_;
  core::Duration next_delay_ = first_delay;
};

}  // namespace batch_notifier::loader
