// SPDX-License-Identifier: MIT
/// @file
/// keepalived as it is met on the bus: the one connection that owns the service, from getting the
/// name to losing it. Everything that is known of this owner lives and dies with the object, so
/// nothing of a former keepalived can be taken for its successor's.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>

#include <dbus/dbus.h>

#include "core/observation.hpp"
#include "core/statistics.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "sources/dbus_connection.hpp"
#include "sources/dbus_paths.hpp"
#include "sources/dbus_reading.hpp"

namespace batch_notifier::sources {

/// What the parts of the D-Bus source share. All of it outlives them.
struct DbusContext {
  runtime::EventLoop& loop;        ///< Carries everything.
  runtime::Log& log;               ///< For messages.
  core::Statistics& statistics;    ///< For counters.
  const core::Topology& topology;  ///< What there is.
  const DbusPaths& paths;          ///< Where it is on D-Bus.
  core::ObservationSink& sink;     ///< Who is told.
};

/// One owner of keepalived's service.
class DbusService {
 public:
  /// `owner` is a unique name and has been checked to be one. `connection` outlives the service.
  /// `answer_limit` is the longest wait for the next answer while reading.
  DbusService(const DbusContext& context, DbusConnection& connection, std::string owner,
              core::Duration answer_limit);
  DbusService(const DbusService&) = delete;
  DbusService& operator=(const DbusService&) = delete;
  ~DbusService() = default;

  /// The unique name of the connection.
  [[nodiscard]] const std::string& owner() const { return owner_; }

  /// Whether this owner sent the message.
  [[nodiscard]] bool sent(DBusMessage* message) const;

  /// Reads every instance that is not ignored: StateSeen or DbusInstanceAbsent for each, then
  /// DbusReadComplete, at the latest when no answer has come for the limit. A reading under way is
  /// completed first.
  void read();

  /// Takes a reply or an error; one that answers no question of ours is left.
  void take_answer(DBusMessage* message);

  /// Takes a VrrpStatusChange that this owner sent.
  void take_status_change(DBusMessage* message);

 private:
  void ask();
  void take_properties(const DbusReading::Question& question, DBusMessage* answer);
  void set_absent(const DbusReading::Question& question, const std::string& why);
  void finish();
  void expect_answer();
  void answer_overdue();
  void warn_once(bool& warned, const std::string& message);

  const DbusContext context_;
  DbusConnection& connection_;
  const std::string owner_;
  const core::Duration answer_limit_;
  runtime::Timer answer_timer_;
  std::optional<DbusReading> reading_;
  bool read_again_ = false;
  bool overdue_ = false;
  std::size_t absent_ = 0;
  std::string first_absent_;
  /// Instances whose path keepalived uses for one of another name: its signals are not theirs.
  std::set<core::InstanceIndex> strangers_;
  bool warned_of_malformed_ = false;
  bool warned_of_unknown_path_ = false;
};

}  // namespace batch_notifier::sources
