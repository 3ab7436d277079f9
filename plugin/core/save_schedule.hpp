// SPDX-License-Identifier: MIT
/// @file
/// When the ledger is written. What a consumer may have seen is on it before the consumer sees it;
/// an answer follows in the next turn of the loop, together with other answers of the same turn;
/// any other change within a second, since losing it to a crash costs a number of transitions and
/// never a state.
#pragma once

#include <algorithm>
#include <optional>

#include "core/time.hpp"

namespace batch_notifier::core {

/// How much later than a change the ledger may be written.
inline constexpr Duration save_after_change{1'000'000};

/// The one deadline for writing the ledger. Pure.
class SaveSchedule {
 public:
  /// The ledger is to be written within this time.
  void within(Duration delay, MonotonicTime now) {
    due_ = due_ ? std::min(*due_, now + delay) : now + delay;
  }

  /// When it is to be written; nothing if nothing has changed.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const { return due_; }

  /// Whether it is due.
  [[nodiscard]] bool due(MonotonicTime now) const { return due_ && *due_ <= now; }

  /// It is being written.
  void saved() { due_.reset(); }

 private:
  std::optional<MonotonicTime> due_;
};

}  // namespace batch_notifier::core
