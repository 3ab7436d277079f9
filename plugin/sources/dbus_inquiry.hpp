// SPDX-License-Identifier: MIT
/// @file
/// Asking keepalived for single instances, because another witness contradicts D-Bus. Unlike a
/// reading of all (dbus_reader.hpp) it has a short deadline: the core waits for the answer, and
/// without one D-Bus stops deciding.
///
/// An answer can be older than a signal that overtook it, as in dbus_reading.hpp; if the two
/// differ, the question is put again.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <dbus/dbus.h>

#include "core/time.hpp"
#include "core/topology.hpp"
#include "core/vrrp_state.hpp"
#include "dbus/bus.hpp"
#include "sources/dbus_context.hpp"

namespace batch_notifier::sources {

/// Questions to one owner of the service.
class DbusInquiry {
 public:
  /// Whom it tells, from the event loop.
  struct Handlers {
    std::function<void()> thawed;      ///< An answer came after a silence: read everything again.
    std::function<void()> owner_gone;  ///< The bus answers that there is no such connection.
  };

  /// How long the answers may take.
  static constexpr core::Duration limit{1'000'000};

  /// `owner` is a unique name. All references must outlive the object.
  DbusInquiry(const DbusContext& context, dbus::Bus& bus, std::string owner, Handlers handlers);

  /// Asks for these instances: StateSeen{answered} follows for each that keepalived answers for,
  /// or DbusSilent, once, if it does not answer in time.
  void ask(const std::vector<core::InstanceIndex>& instances);

  /// A signal reported the instance's state; after a silence it shows that keepalived is back.
  void signalled(core::InstanceIndex instance, core::VrrpState state);

 private:
  struct Question {
    dbus::Bus::Call call;
    std::optional<core::VrrpState> signal;  // Newest one since the question was put.
  };

  void put(core::InstanceIndex instance);
  void take_answer(core::InstanceIndex instance, DBusMessage* answer);
  void on_silence();
  void thaw();

  const DbusContext context_;
  dbus::Bus& bus_;
  const std::string owner_;
  const Handlers handlers_;
  std::map<core::InstanceIndex, Question> questions_;
  runtime::Timer timer_;
  bool silent_ = false;
};

}  // namespace batch_notifier::sources
