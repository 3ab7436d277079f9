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
/// been found to answer, and been read in full after that. An answer that contradicts the FIFO,
/// which then does not follow either: the FIFO decides for that instance. While all witnesses agree
/// nothing is asked and no timer runs.
#pragma once

#include <optional>
#include <vector>

#include "core/deadlines.hpp"
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

/// Watches for contradictions of D-Bus. Pure. Reads Evidence, and writes its fields `asked` and
/// `dbus_overruled`; `fifo` too, where the kernel sides with D-Bus against it.
class DbusTrust {
 public:
  /// What became due.
  struct Outcome {
    std::vector<InstanceId> questions;  ///< To be asked for over D-Bus now.
    std::vector<InstanceId> overruled;  ///< The FIFO decides for these from now on.
    /// The FIFO has lost a line of these: D-Bus decides, and its state is the FIFO's, too.
    std::vector<InstanceId> lines_lost;
    /// D-Bus does not answer and decides nothing any more; see distrust().
    std::optional<std::vector<InstanceId>> silent_about;
  };

  /// `registry` must outlive the object.
  explicit DbusTrust(Registry& registry) : registry_(registry) {}

  /// D-Bus has lost its owner, or has a new one: it is trusted and nothing is held against it.
  void reset(const std::vector<InstanceId>& members);

  /// Every instance has been read since D-Bus was found to answer: it is trusted. If it was not
  /// before, a FIFO line that came after the answer for its instance goes on deciding for it until
  /// D-Bus follows.
  void read_in_full(const std::vector<InstanceId>& members, MonotonicTime now);

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

  /// Does what is due by now.
  Outcome step(MonotonicTime now);
  /// When step() must be called, if nothing else happens.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const;

  /// Whether D-Bus decides at all.
  [[nodiscard]] bool trusted() const { return trusted_; }
  /// D-Bus is not trusted until reset() or read_in_full(), and no answer is waited for any more.
  /// Returns the instances whose answer was waited for; nothing if it was not trusted anyway.
  std::optional<std::vector<InstanceId>> distrust();

 private:
  void recheck(InstanceId instance, MonotonicTime now, Outcome& outcome);

  Registry& registry_;
  Deadlines<InstanceId> rechecks_;   // When a contradiction of D-Bus is looked at again.
  Deadlines<InstanceId> questions_;  // By when the answer must have come.
  bool trusted_ = true;
};

}  // namespace batch_notifier::core
