// SPDX-License-Identifier: MIT
/// @file
/// Another program on a private bus, played by the test: keepalived as a test wants it, or somebody
/// who pretends to be. It runs only while the test calls pump(), so a test decides what happens
/// between two messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include <dbus/dbus.h>

#include "dbus/messages.hpp"

namespace batch_notifier::tests {

/// One connection to a bus.
class BusPeer {
 public:
  /// Connects. Throws std::runtime_error.
  explicit BusPeer(const std::string& address);
  BusPeer(const BusPeer&) = delete;
  BusPeer& operator=(const BusPeer&) = delete;
  ~BusPeer();

  /// Its unique name.
  [[nodiscard]] std::string unique_name() const;
  /// Takes a name, from its present owner if there is one. Throws std::runtime_error.
  void own(const std::string& name);
  /// Gives a name back.
  void release(const std::string& name);

  /// Emits VrrpStatusChange with a state's number: to everybody, or to one connection.
  void emit_state(const std::string& path, std::uint32_t state,
                  const std::string& destination = "");
  /// Emits VrrpStatusChange with a string, which keepalived never does.
  void emit_malformed(const std::string& path);
  /// Sends any message.
  void send(dbus::MessagePtr message);

  /// Sends and receives what can be without waiting.
  void pump();

  /// Method calls that have come and have not been answered, oldest first.
  std::deque<dbus::MessagePtr> calls;
  /// The newest of all calls.
  dbus::MessagePtr last_call;
  /// How many calls have come in all.
  std::size_t calls_seen = 0;

  /// Answers the oldest call with the properties Name and State, as keepalived does.
  void answer(const std::string& name, std::uint32_t state);
  /// Answers the oldest call as GLib does for an object without an instance: with no properties.
  void answer_empty();
  /// Answers the oldest call with an error.
  void refuse(const char* error = DBUS_ERROR_UNKNOWN_OBJECT);

 private:
  static DBusHandlerResult keep_call(DBusConnection* connection, DBusMessage* message, void* self);
  dbus::MessagePtr take_call();

  DBusConnection* connection_ = nullptr;
};

}  // namespace batch_notifier::tests
