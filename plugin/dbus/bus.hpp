// SPDX-License-Identifier: MIT
/// @file
/// One connection to a bus for several users: matches, calls with a reply and a deadline, and
/// exported objects. Each of these is an object: dropping it removes the match from the bus,
/// forgets the call, or takes the object away. Knows nothing of keepalived.
///
/// Replies are routed by serial number, so libdbus needs no timeout per call; all deadlines share
/// one timer, which runs only while a call with a deadline waits.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <dbus/dbus.h>

#include "core/time.hpp"
#include "dbus/bus_socket.hpp"
#include "dbus/connection.hpp"
#include "dbus/messages.hpp"
#include "runtime/event_loop.hpp"

namespace batch_notifier::dbus {

/// What answers the method calls to one object.
class ObjectHandler {
 public:
  virtual ~ObjectHandler() = default;

  /// Takes a method call; returns the answer to send, or nothing: then the caller gets the error
  /// UnknownMethod. Must not destroy the bus.
  virtual MessagePtr handle(DBusMessage& call) = 0;
};

/// A connection, from the attempt to make it until it is lost. One object per attempt.
class Bus final : private Connection::Listener {
 public:
  /// Whom the bus tells. All calls come from the event loop.
  struct Handlers {
    std::function<void()> connected;  ///< Calls and matches can be made. Must not destroy the bus.
    /// The connection is lost or was never made; `reason` is for the log. The last call, and the
    /// only one that may destroy the bus.
    std::function<void(const std::string& reason)> disconnected;
  };

  /// Takes an answer; null where none has come in time. Must not destroy the bus.
  using Reply = std::function<void(DBusMessage* answer)>;
  /// Takes a signal; returns whether it was meant for this handler. Must not destroy the bus.
  using Signal = std::function<bool(DBusMessage* signal)>;

  /// A call that waits for its answer. Must not outlive the bus.
  class Call;
  /// A subscription. Must not outlive the bus.
  class Match;
  /// An object that others can call. Must not outlive the bus.
  class Export;

  /// Begins to connect; `connected` comes within `limit`, or `disconnected` does. Throws
  /// std::system_error if that is hopeless at once.
  Bus(runtime::EventLoop& loop, const BusSocket& socket, core::Duration limit, Handlers handlers);
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;
  /// Closes the connection without telling anybody.
  ~Bus() override = default;

  /// Our own unique name. Only while connected.
  [[nodiscard]] const char* unique_name() const { return connection_.unique_name(); }

  /// Sends a message that needs no answer. Only while connected. Throws std::bad_alloc.
  void send(DBusMessage& message) { connection_.send(message); }

  /// Sends a call; `reply` follows once, unless the returned object is dropped before. Without
  /// `limit` it may never follow. Only while connected. Throws std::bad_alloc.
  [[nodiscard]] Call call(DBusMessage& message, std::optional<core::Duration> limit, Reply reply);

  /// Subscribes with a match rule, and has signals offered to `handler`, in the order of
  /// subscription until one takes it. An empty rule only listens to what is sent to us anyway. A
  /// rule that the bus refuses ends the connection. Only while connected. Throws std::bad_alloc.
  [[nodiscard]] Match match(const std::string& rule, Signal handler);

  /// Has `handler` answer the calls to `path`, a valid object path that is not exported yet. The
  /// handler must outlive the returned object.
  [[nodiscard]] Export export_object(const std::string& path, ObjectHandler& handler);

  /// Gives the connection up: `disconnected` comes from the loop, with this reason.
  void abandon(const std::string& reason) { connection_.abandon(reason); }

 private:
  struct Pending {
    std::string destination;  // Who was called, and is to answer.
    Reply reply;
    std::optional<core::MonotonicTime> deadline;
  };
  struct Listening {
    Signal handler;
    std::string rule;
    bool dropped = false;  // The handler may be running while its match is dropped.
  };

  void connected() override { handlers_.connected(); }
  bool received(DBusMessage* message) override;
  void disconnected(const std::string& reason) override { handlers_.disconnected(reason); }

  bool take_answer(DBusMessage* answer);
  [[nodiscard]] static bool may_answer(DBusMessage* answer, const Pending& pending);
  bool offer_signal(DBusMessage* signal);
  bool take_call(DBusMessage* call);
  void on_deadline();
  void arm();
  std::optional<Pending> take_pending(std::uint32_t serial);
  void drop_match(const std::shared_ptr<Listening>& listening);

  const Handlers handlers_;
  std::unordered_map<std::uint32_t, Pending> pending_;
  std::set<std::pair<core::MonotonicTime, std::uint32_t>> deadlines_;
  std::vector<std::shared_ptr<Listening>> listening_;
  std::map<std::string, ObjectHandler*> objects_;
  std::set<std::uint32_t> subscribing_;  // AddMatch calls that the bus has not answered.
  runtime::Timer deadline_timer_;
  Connection connection_;
};

/// A call that waits for its answer. Must not outlive the bus.
class Bus::Call {
 public:
  /// No call.
  Call() = default;
  /// Takes the call over.
  Call(Call&& other) noexcept : bus_(std::exchange(other.bus_, nullptr)), serial_(other.serial_) {}
  /// Forgets its own call and takes the other one over.
  Call& operator=(Call&& other) noexcept;
  ~Call() { drop(); }

  /// Whether the answer is still awaited.
  [[nodiscard]] bool waits() const;
  /// The serial number of the call, by which its answer is known.
  [[nodiscard]] std::uint32_t serial() const { return serial_; }
  /// Forgets the call.
  void drop();

 private:
  friend class Bus;
  Call(Bus& bus, std::uint32_t serial) : bus_(&bus), serial_(serial) {}

  Bus* bus_ = nullptr;
  std::uint32_t serial_ = 0;
};

/// A subscription. Must not outlive the bus.
class Bus::Match {
 public:
  /// No subscription.
  Match() = default;
  /// Takes the subscription over.
  Match(Match&& other) noexcept
      : bus_(std::exchange(other.bus_, nullptr)), listening_(std::move(other.listening_)) {}
  /// Unsubscribes and takes the other subscription over.
  Match& operator=(Match&& other) noexcept;
  ~Match() { drop(); }

  /// Unsubscribes.
  void drop();

 private:
  friend class Bus;
  Match(Bus& bus, std::shared_ptr<Listening> listening)
      : bus_(&bus), listening_(std::move(listening)) {}

  Bus* bus_ = nullptr;
  std::shared_ptr<Listening> listening_;
};

/// An object that others can call. Must not outlive the bus.
class Bus::Export {
 public:
  /// No object.
  Export() = default;
  /// Takes the object over.
  Export(Export&& other) noexcept
      : bus_(std::exchange(other.bus_, nullptr)), path_(std::move(other.path_)) {}
  /// Takes its own object away and the other one over.
  Export& operator=(Export&& other) noexcept;
  ~Export() { drop(); }

  /// Takes the object away.
  void drop();

 private:
  friend class Bus;
  Export(Bus& bus, std::string path) : bus_(&bus), path_(std::move(path)) {}

  Bus* bus_ = nullptr;
  std::string path_;
};

}  // namespace batch_notifier::dbus
