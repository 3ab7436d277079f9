// SPDX-License-Identifier: MIT
/// @file
/// The first witness: keepalived's own D-Bus service. This part keeps a connection to the bus;
/// DbusOwner finds out who owns the service name there, and DbusService listens to that owner.
///
/// keepalived emits the signals of its start *before* it asks for the name, and reports nothing
/// that has not changed. So when there is an owner every instance is read once; from then on the
/// source only listens, unless the core asks because another witness contradicts D-Bus.
///
/// The bus is a process of its own: keepalived may run on when the bus is lost. When the bus lives
/// and the service name has lost its owner, keepalived has gone.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/backoff.hpp"
#include "core/observation.hpp"
#include "core/statistics.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"
#include "dbus/bus.hpp"
#include "dbus/bus_socket.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "sources/ancestors.hpp"
#include "sources/dbus_context.hpp"
#include "sources/dbus_owner.hpp"
#include "sources/dbus_paths.hpp"
#include "sources/dbus_service.hpp"

namespace batch_notifier::sources {

/// Observes one keepalived on one bus.
class DbusSource {
 public:
  /// Where and how patiently. The defaults are right outside of tests.
  struct Options {
    std::string address;                       ///< D-Bus address; empty for the system bus.
    core::Duration connect_limit{10'000'000};  ///< Longest wait for the bus to answer.
    core::Duration answer_limit{5'000'000};    ///< Longest wait for the next answer to a question.
    core::Duration retry_min{250'000};         ///< Wait before the first new attempt, doubling …
    core::Duration retry_max{30'000'000};      ///< … up to this; and how long a connection must
                                               ///< have lived for the waits to begin anew.
  };

  /// All references must outlive the source. Does nothing yet. Throws std::bad_alloc.
  DbusSource(runtime::EventLoop& loop, runtime::Log& log, core::Statistics& statistics,
             const core::Topology& topology, core::ObservationSink& sink, Options options);
  DbusSource(const DbusSource&) = delete;
  DbusSource& operator=(const DbusSource&) = delete;
  /// Leaves the bus, without an observation.
  ~DbusSource() = default;

  /// Begins to attach, and never ends: what fails is logged, once per reason, and tried again.
  /// Exception: an address or a service name that can never work is logged and not tried again. The
  /// sink gets DbusBusLost whenever the bus has become out of reach, the first time included.
  void start();

  /// Reads every instance again, or once more if it is just being done. Nothing without an owner.
  void resync();

  /// Asks for these instances: StateSeen{answered}, DbusInstanceAbsent or DbusSilent follows, the
  /// last at once without an owner.
  void ask(const std::vector<core::InstanceIndex>& instances);

 private:
  void warn_of_paths();
  void attempt();
  void connected();
  void disconnected(const std::string& reason);
  void answered();
  void retry_later(const std::string& reason);
  void lose_bus();

  const DbusPaths paths_;
  const DbusContext context_;
  const Options options_;
  const Ancestors ancestors_;
  std::vector<dbus::BusSocket> sockets_;
  std::size_t attempts_ = 0;
  core::Backoff backoff_;
  std::set<std::string> failures_;  // Reasons logged since the bus was last within reach.
  std::optional<core::MonotonicTime> attached_;  // Since when the bus is within reach.
  bool bus_lost_ = false;
  runtime::Timer retry_timer_;
  std::optional<dbus::Bus> bus_;
  std::optional<DbusOwner> owner_;
  std::optional<DbusService> service_;
};

}  // namespace batch_notifier::sources
