// SPDX-License-Identifier: MIT
/// @file
/// Whether D-Bus can still be trusted. D-Bus decides while it answers, but a witness that is silent
/// is not a witness that agrees: a dbus-daemon can hang with every connection open, it drops
/// messages for a receiver whose queue is full without telling it, and the owner of the service
/// name can be another keepalived whose process cannot be examined. None of these is an error that
/// anybody reports. What can be noticed is a contradiction: keepalived writes the FIFO line before
/// it emits the signal, and changes addresses before either.
///
/// So when another witness contradicts D-Bus and D-Bus does not follow in time, keepalived is asked
/// over D-Bus, once and with a deadline. No answer: D-Bus does not decide any more until it has
/// been read in full again. An answer that contradicts the FIFO, which then does not follow either:
/// the FIFO decides for that instance. While all witnesses agree nothing is asked and no timer
/// runs.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/registry.hpp"
#include "core/time.hpp"

namespace batch_notifier::core {

/// How long D-Bus may lag behind a FIFO line, and the FIFO behind an answer on D-Bus. Far longer
/// than either takes on a busy machine.
inline constexpr Duration follow_wait{500'000};

/// How long D-Bus may lag behind a change of addresses, which others can make too.
inline constexpr Duration follow_kernel_wait{1'000'000};

/// How long an answer on D-Bus may take.
inline constexpr Duration answer_wait{1'000'000};

/// Watches for contradictions of D-Bus. Pure. Reads Evidence, and writes its fields `recheck_at`,
/// `asked`, `unanswered` and `dbus_overruled`.
class DbusTrust {
 public:
  /// What became due.
  struct Outcome {
    std::vector<InstanceId> questions;  ///< To be asked for over D-Bus now.
    std::vector<InstanceId> overruled;  ///< The FIFO decides for these from now on.
    bool lost = false;                  ///< D-Bus does not answer: it decides nothing any more.
  };

  /// `registry` must outlive the object.
  explicit DbusTrust(Registry& registry) : registry_(registry) {}

  /// D-Bus has a new owner, has lost it, or was read in full: it starts with a clean slate.
  void reset(const std::vector<InstanceId>& members);

  /// The instance is no longer watched; its row may be erased.
  void forget(InstanceId instance);

  /// The FIFO, D-Bus or the kernel has given something new about the instance, which stands in its
  /// Evidence already. `answered`: D-Bus was asked for it; that there is no such instance is an
  /// answer, too.
  void fifo_reported(InstanceId instance, MonotonicTime now);
  /// See fifo_reported().
  void dbus_reported(InstanceId instance, bool answered, MonotonicTime now);
  /// See fifo_reported().
  void first_vip_changed(InstanceId instance, MonotonicTime now);

  /// The edges know before the deadline that no answer will come.
  void no_answer(MonotonicTime now);

  /// Does what is due by now.
  Outcome step(MonotonicTime now);
  /// When step() must be called, if nothing else happens.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const;

  /// Whether D-Bus decides at all.
  [[nodiscard]] bool trusted() const { return trusted_; }
  /// D-Bus is not trusted from now on until reset(), as after a silence.
  void distrust() { trusted_ = false; }

 private:
  void schedule(InstanceId instance, MonotonicTime at);
  void cancel(InstanceId instance);
  void settle(InstanceId instance);
  void recheck(InstanceId instance, MonotonicTime now, Outcome& outcome);

  Registry& registry_;
  std::set<std::pair<MonotonicTime, InstanceId>> rechecks_;
  std::size_t unanswered_ = 0;
  std::optional<MonotonicTime> answer_by_;
  bool trusted_ = true;
};

}  // namespace batch_notifier::core
