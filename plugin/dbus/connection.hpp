// SPDX-License-Identifier: MIT
/// @file
/// One private connection to a bus, carried by the event loop from the first probe to its end.
///
/// libdbus offers dbus_bus_get(), which blocks: for connect(2), for authentication, and for the
/// answer to Hello. Here each of these is a step in the loop. Replies are matched by their serial
/// number instead of through DBusPendingCall, which would cost a timer per question; with that,
/// libdbus needs no timeouts of us at all.
///
/// libdbus puts two watches on its one descriptor, for reading and for writing. They share one
/// FdWatch with the enabled events of both; with neither enabled the descriptor is not polled, so
/// that a hang-up that cannot be read yet does not spin.
///
/// How much one round does is bounded: libdbus reads some 2 KiB at a time, and after a number of
/// readings the loop's other users get their turn. The size of a message is left to the limit of
/// the bus: a lower one here would let anybody cut us off from the bus, with one long message.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <dbus/dbus.h>

#include "core/time.hpp"
#include "dbus/bus_socket.hpp"
#include "runtime/event_loop.hpp"

namespace batch_notifier::dbus {

/// A connection, from the attempt to make it until it is lost. One object per attempt.
class Connection {
 public:
  /// Whom the connection tells. All calls come from the event loop.
  class Listener {
   public:
    virtual ~Listener() = default;

    /// The bus has answered Hello: messages may be sent. Must not destroy the connection.
    virtual void connected() = 0;

    /// A message has come that the connection does not deal with itself. True if that is the end
    /// of it; else libdbus goes on, and answers method calls with an error. Must not destroy the
    /// connection.
    virtual bool received(DBusMessage* message) = 0;

    /// The connection is no more, or never came about; `reason` is for the log. The last call, and
    /// the only one that may destroy the connection.
    virtual void disconnected(const std::string& reason) = 0;
  };

  /// Begins to connect; all that follows happens in the loop, and connected() comes within `limit`
  /// or disconnected() does. Throws std::system_error if that is hopeless at once.
  Connection(runtime::EventLoop& loop, const BusSocket& socket, core::Duration limit,
             Listener& listener);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  /// Closes it without telling the listener.
  ~Connection();

  /// Queues a message. Returns its serial number, by which the reply is known. Only between
  /// connected() and disconnected(). Throws std::bad_alloc.
  std::uint32_t send(DBusMessage& message);

  /// Our own name on the bus. Only between connected() and disconnected().
  [[nodiscard]] const char* unique_name() const;

  /// Whether messages may be sent.
  [[nodiscard]] bool is_open() const {
    return connection_ != nullptr && hello_serial_ == 0 && !lost_;
  }

  /// Gives the connection up: disconnected() comes from the loop, with this reason.
  void abandon(const std::string& reason);

 private:
  void open();
  void on_ready(std::uint32_t events);
  void watch_again();
  void on_work();
  void dispatch();
  void finish_round();
  bool take(DBusMessage* message);
  void take_hello(DBusMessage* answer);

  static dbus_bool_t add_watch(DBusWatch* watch, void* self) noexcept;
  static void remove_watch(DBusWatch* watch, void* self) noexcept;
  static void toggle_watch(DBusWatch* watch, void* self) noexcept;
  static void note_dispatch_status(DBusConnection* connection, DBusDispatchStatus status,
                                   void* self) noexcept;
  static DBusHandlerResult filter(DBusConnection* connection, DBusMessage* message,
                                  void* self) noexcept;

  runtime::EventLoop& loop_;
  const BusSocket socket_;
  Listener& listener_;
  std::optional<BusProbe> probe_;
  runtime::Timer limit_timer_;
  runtime::Timer work_timer_;
  DBusConnection* connection_ = nullptr;
  std::vector<DBusWatch*> watches_;
  std::optional<runtime::FdWatch> fd_watch_;
  std::uint32_t hello_serial_ = 0;
  bool unwatched_ = false;
  std::optional<std::string> lost_;
  std::exception_ptr thrown_;
};

}  // namespace batch_notifier::dbus
