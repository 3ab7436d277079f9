// SPDX-License-Identifier: MIT
/// @file
/// Asking keepalived for single instances, because another witness contradicts D-Bus. Unlike a
/// reading of all (dbus_reader.hpp) it has a short deadline: the core waits for the answer, and
/// without one D-Bus stops deciding.
///
/// An answer can be older than a signal that overtook it, as in dbus_reading.hpp; if the two
/// differ, the question is put again, with the same deadline.
///
/// The bus may have dropped a question or its answer. So a signal that comes during a silence has
/// its instance asked for once more: the answer, and nothing but that, ends the silence.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <dbus/dbus.h>

#include "core/dbus_trust.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"
#include "core/vrrp_state.hpp"
#include "dbus/bus.hpp"
#include "sources/dbus_context.hpp"
#include "sources/dbus_silence.hpp"

namespace batch_notifier::sources {

/// Questions to one owner of the service.
class DbusInquiry {
 public:
  /// How long an answer may take. Shorter than the core waits: if the core gave up first, an answer
  /// just after that would not be known to end a silence.
  static constexpr core::Duration limit = core::answer_wait - core::Duration(100'000);

  /// How many questions are open at once. A bus refuses more than its max_replies_per_connection,
  /// which is 128 by default, and keepalived answers one after the other.
  static constexpr std::size_t most_open = 16;

  /// How long after a question that a signal has caused during a silence the next signal may cause
  /// one.
  static constexpr core::Duration pause{1'000'000};

  /// `owner` is a unique name. All references must outlive the object.
  DbusInquiry(const DbusContext& context, dbus::Bus& bus, std::string owner, DbusSilence& silence);

  /// Asks for these instances: for each that keepalived answers for, StateSeen{answered} or
  /// DbusInstanceAbsent follows. Without an answer in time the silence begins.
  void ask(const std::vector<core::InstanceIndex>& instances);

  /// A signal reported the instance's state.
  void signalled(core::InstanceIndex instance, core::VrrpState state);

  /// Forgets all questions.
  void clear();

 private:
  struct Question {
    dbus::Bus::Call call;
    core::MonotonicTime deadline;
    std::optional<core::VrrpState> signal;  // Newest one since the question was put.
  };

  void put_waiting();
  void put(core::InstanceIndex instance, core::MonotonicTime deadline);
  void take_answer(core::InstanceIndex instance, DBusMessage* answer);
  void take_state(core::InstanceIndex instance, const Question& question, DBusMessage* answer);
  void look_at_deadlines();

  const DbusContext context_;
  dbus::Bus& bus_;
  const std::string owner_;
  DbusSilence& silence_;
  std::map<core::InstanceIndex, Question> questions_;           // That are open.
  std::map<core::InstanceIndex, core::MonotonicTime> waiting_;  // To be put, and by when answered.
  runtime::Timer timer_;  // Runs while a question is open and it is not silent.
  core::MonotonicTime next_by_signal_;
};

}  // namespace batch_notifier::sources
