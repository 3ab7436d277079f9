// SPDX-License-Identifier: MIT
/// @file
/// keepalived on the bus: the connection that owns the service name, from the time it gets the name
/// until it loses it. Everything that is known of this owner lives and dies with the object, so
/// nothing of a former keepalived can be taken for its successor's.
///
/// The bus delivers state signals by the owner's unique name only, so broadcasts that others emit
/// with keepalived's interface and path never arrive here. Messages that others send to this
/// connection directly do arrive; they are ignored and counted.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include <dbus/dbus.h>

#include "core/time.hpp"
#include "core/topology.hpp"
#include "dbus/bus.hpp"
#include "sources/dbus_context.hpp"
#include "sources/dbus_inquiry.hpp"
#include "sources/dbus_reader.hpp"
#include "sources/dbus_silence.hpp"

namespace batch_notifier::sources {

/// One owner of keepalived's service.
class DbusService {
 public:
  /// Subscribes to the owner's signals and reads every instance. `owner` is a unique name and has
  /// been checked to be one. `owner_doubted` is called when the bus answers in its place that it
  /// cannot. All references must outlive the object.
  DbusService(const DbusContext& context, dbus::Bus& bus, const std::string& owner,
              core::Duration answer_limit, std::function<void()> owner_doubted);
  DbusService(const DbusService&) = delete;
  DbusService& operator=(const DbusService&) = delete;
  ~DbusService() = default;

  /// Reads every instance, see DbusReader::read().
  void read() { reader_.read(); }

  /// Asks for these instances, see DbusInquiry::ask().
  void ask(const std::vector<core::InstanceIndex>& instances) { inquiry_.ask(instances); }

 private:
  void read_anew();
  bool take_signal(DBusMessage* signal);
  void take_status_change(DBusMessage* signal);
  void count_foreign(DBusMessage* signal);
  void warn_once(bool& warned, const std::string& message);

  const DbusContext context_;
  const std::string owner_;
  DbusSilence silence_;
  DbusReader reader_;
  DbusInquiry inquiry_;
  std::set<std::string> foreign_;  // Other senders that were named in the log.
  bool warned_of_malformed_ = false;
  bool warned_of_unknown_path_ = false;
  dbus::Bus::Match match_;
};

}  // namespace batch_notifier::sources
