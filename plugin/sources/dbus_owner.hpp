// SPDX-License-Identifier: MIT
/// @file
/// Who owns keepalived's service name on one bus, and whether that is the keepalived that is
/// served. Two keepalived on one bus may want the same name (it is the default, after all), and the
/// second never gets it. The bus reports the process of a connection. The bus may be in another PID
/// namespace; so it is first asked for the process of this connection, and its answers count only
/// if that one is right.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <dbus/dbus.h>

#include "core/time.hpp"
#include "dbus/bus.hpp"
#include "sources/ancestors.hpp"
#include "sources/dbus_context.hpp"

namespace batch_notifier::sources {

/// The owner of the service, on one connection to the bus.
class DbusOwner {
 public:
  /// Whom it tells, from the event loop. None may destroy the object.
  struct Handlers {
    std::function<void()> answered;  ///< The bus has answered who owns the name.
    std::function<void(const std::string& owner)> found;  ///< This one does, and may be ours.
    std::function<void(const std::string& former)> lost;  ///< The one found does not any more.
  };

  /// Begins on a connected bus: subscribes first and asks then, so that no change is missed. No
  /// answer within `limit` ends the connection. All references must outlive the object.
  DbusOwner(const DbusContext& context, dbus::Bus& bus, const Ancestors& ancestors,
            core::Duration limit, Handlers handlers);

  /// Asks once more who owns the name: a change may have been missed.
  void ask();

 private:
  void take_answer(DBusMessage* answer);
  bool take_change(DBusMessage* signal);
  void set(std::string_view owner);
  void take_process(DBusMessage* answer);

  const DbusContext context_;
  dbus::Bus& bus_;
  const Ancestors& ancestors_;
  const core::Duration limit_;
  const Handlers handlers_;
  std::string owner_;   // Unique name; empty for none.
  bool found_ = false;  // Reported as found.
  bool same_process_ids_ = false;
  dbus::Bus::Match match_;
  dbus::Bus::Call own_process_call_;
  dbus::Bus::Call owner_call_;
  dbus::Bus::Call owners_process_call_;
};

}  // namespace batch_notifier::sources
