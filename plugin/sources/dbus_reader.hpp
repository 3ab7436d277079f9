// SPDX-License-Identifier: MIT
/// @file
/// Reading every instance of one owner of the service, on attaching and after signals may have been
/// missed. What to ask next and what an answer means is DbusReading's; here it is carried out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <dbus/dbus.h>

#include "core/time.hpp"
#include "core/topology.hpp"
#include "core/vrrp_state.hpp"
#include "dbus/bus.hpp"
#include "sources/dbus_context.hpp"
#include "sources/dbus_reading.hpp"
#include "sources/dbus_silence.hpp"

namespace batch_notifier::sources {

/// Reads all instances that are not ignored.
class DbusReader {
 public:
  /// `owner` is a unique name. `answer_limit` is the longest wait for the next answer. All
  /// references must outlive the object.
  DbusReader(const DbusContext& context, dbus::Bus& bus, std::string owner,
             core::Duration answer_limit, DbusSilence& silence);

  /// StateSeen or DbusInstanceAbsent for each instance, then DbusReadComplete. When no answer has
  /// come for the limit, the silence begins instead. A reading under way is completed first.
  void read();

  /// The same, but a reading under way is dropped: its answers are of no use any more.
  void read_anew();

  /// A signal reported the instance's state, and outranks an answer that is on its way.
  void signalled(core::InstanceIndex instance, core::VrrpState state);

  /// Whether keepalived uses the instance's object path for one of another name, so that signals
  /// with that path are not about it.
  [[nodiscard]] bool is_stranger(core::InstanceIndex instance) const {
    return strangers_.count(instance) != 0;
  }

 private:
  void begin();
  void ask();
  void take_answer(DBusMessage* answer);
  void take_properties(const DbusReading::Question& question, DBusMessage* answer);
  void set_absent(const DbusReading::Question& question, const std::string& why);
  void finish();
  void expect_answer();
  void answer_overdue();

  const DbusContext context_;
  dbus::Bus& bus_;
  const std::string owner_;
  const core::Duration answer_limit_;
  DbusSilence& silence_;
  runtime::Timer answer_timer_;
  std::optional<DbusReading> reading_;
  std::map<std::uint32_t, dbus::Bus::Call> calls_;  // By serial number.
  bool read_again_ = false;
  std::size_t absent_ = 0;
  std::string first_absent_;
  std::set<core::InstanceIndex> strangers_;
};

}  // namespace batch_notifier::sources
