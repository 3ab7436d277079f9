// SPDX-License-Identifier: MIT
/// @file
/// Which of several workers works, as a pure function of what each of them announces. All workers
/// of one user that read the same keepalived.conf are linked with each other (handover.hpp), and
/// each announces its status on every link, at the beginning and after each change:
/// - A waiting worker begins once there is no older one, whether that works or waits. So each
/// begins
///   in its turn, also where it hands over at once: a worker holds a FIFO that none of the others
///   can open any more, and reads it with the configuration that its lines are about.
/// - A working worker hands over once a newer one waits, and ends once a newer one works.
/// - A worker that has announced nothing yet may be any of these. It, and an older one, is waited
///   for with patience (takeover.hpp); then the newer one begins all the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"

namespace batch_notifier::ledger {

/// Whether a worker works.
enum class WorkerPhase : std::uint8_t {
  waits,  ///< It waits to be the only one.
  works,  ///< It delivers.
};

/// What a worker announces.
struct WorkerStatus {
  WorkerPhase phase = WorkerPhase::waits;  ///< See WorkerPhase.
  core::MonotonicTime started;             ///< Since when its loader runs.
  int slot = 0;                            ///< Its own among the workers; decides between equals.
  core::MonotonicTime until;               ///< Until when it asks newer workers to wait.

  /// Equal in every field.
  bool operator==(const WorkerStatus&) const = default;
};

/// The status as a message.
std::string write_status(const WorkerStatus& status);

/// The status in a message; nothing if it is not one.
std::optional<WorkerStatus> read_status(std::string_view message);

/// What a worker is to do.
enum class WorkerStep : std::uint8_t {
  stay,       ///< Nothing: go on waiting or working.
  begin,      ///< Work: no other one does.
  force,      ///< Work, although an older one does not finish in time.
  hand_over,  ///< Finish: a newer one waits.
  end,        ///< End: a newer one works.
};

/// A step, and when to ask again if no announcement comes before.
struct WorkerDecision {
  WorkerStep step = WorkerStep::stay;         ///< What to do now.
  std::optional<core::MonotonicTime> review;  ///< Nothing: not before the next announcement.

  /// Equal in every field.
  bool operator==(const WorkerDecision&) const = default;
};

/// Decides for the worker with status `own`, which has waited since `waiting_since`. `others` has
/// one entry per link; nothing for a worker that has not announced its status.
WorkerDecision decide(const WorkerStatus& own,
                      const std::vector<std::optional<WorkerStatus>>& others,
                      core::MonotonicTime waiting_since, core::MonotonicTime now);

}  // namespace batch_notifier::ledger
