// SPDX-License-Identifier: MIT
/// @file
/// The first witness: keepalived's own D-Bus service.
///
/// On attaching, the source first subscribes and then asks who owns the service, so nothing falls
/// between the two. When there is an owner it reads every instance once, because keepalived emits
/// the signals of its start *before* it asks for the name, and says nothing at all of what has not
/// changed. From then on it only listens.
///
/// Believed is nobody but the unique connection that owns the service: anyone on the bus can emit a
/// signal with keepalived's interface and path. For the same reason the subscription names no
/// sender: the bus would resolve the name and hide what is emitted before it is owned, while the
/// counters are to show what is being ignored.
///
/// An owner that is another keepalived than ours is not believed either. The bus says which process
/// it is; whether the bus means the same by a process ID as we do, our own shows.
///
/// The bus is another party than keepalived: losing the bus says nothing about keepalived, losing
/// the owner on a living bus says that keepalived is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/observation.hpp"
#include "core/statistics.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "sources/dbus_connection.hpp"
#include "sources/dbus_paths.hpp"
#include "sources/dbus_service.hpp"
#include "sources/dbus_socket.hpp"
#include "sources/lineage.hpp"

namespace batch_notifier::sources {

/// Hears one keepalived on one bus, for as long as it lives.
class DbusSource : private DbusConnection::Listener {
 public:
  /// Where and how patiently. The defaults are right outside of tests.
  struct Options {
    std::string address;                       ///< D-Bus address; empty for the system bus.
    core::Duration connect_limit{10'000'000};  ///< Longest wait for the bus to take us in.
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
  ~DbusSource() override = default;

  /// Begins to attach, and never ends: what fails is logged, once per reason, and tried again. Only
  /// an address or a service name that can never work is logged and left at that. The sink hears
  /// DbusBusLost whenever the bus has become out of reach, the first time included.
  void start();

  /// Reads every instance again, or once more if it is just being done. Nothing without an owner.
  void resync();

 private:
  void connected() override;
  bool received(DBusMessage* message) override;
  void disconnected(const std::string& reason) override;

  void warn_of_paths();
  void attempt();
  void retry_later(const std::string& reason);
  void lose_bus();
  bool take_bus_answer(DBusMessage* message);
  void take_owner(DBusMessage* answer);
  void set_owner(std::string_view owner);
  void take_owners_process(DBusMessage* answer);
  void attend();
  void count_foreign(DBusMessage* message);

  const DbusPaths paths_;
  const DbusContext context_;
  const Options options_;
  const std::string& service_name_;

  std::vector<BusSocket> sockets_;
  std::size_t attempts_ = 0;
  core::Duration retry_wait_;
  /// Reasons of failure that have been logged since the bus was last within reach.
  std::set<std::string> failures_;
  /// Since when the bus has been within reach.
  std::optional<core::MonotonicTime> attached_;
  bool bus_lost_ = false;
  runtime::Timer retry_timer_;
  runtime::Timer answer_timer_;

  std::optional<DbusConnection> connection_;
  /// Serial numbers of the subscriptions that the bus has not confirmed.
  std::set<std::uint32_t> subscribing_;
  /// Serial number of the question who owns the service, until it is answered; else 0.
  std::uint32_t owner_question_ = 0;
  /// Unique name of whoever owns the service, believed or not; empty for nobody.
  std::string owner_;
  const Lineage lineage_;
  /// Serial numbers of the questions what process we are and the owner is, until answered; else 0.
  std::uint32_t own_process_question_ = 0;
  std::uint32_t owners_process_question_ = 0;
  /// Whether the bus knows us by the process ID that we know ourselves by.
  bool same_process_ids_ = false;
  /// Only of an owner that is believed.
  std::optional<DbusService> service_;
  /// Foreign senders that have been named in the log since the service got this owner.
  std::set<std::string> foreign_;
};

}  // namespace batch_notifier::sources
