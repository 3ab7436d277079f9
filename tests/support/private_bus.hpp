// SPDX-License-Identifier: MIT
/// @file
/// A dbus-daemon for one test alone: a real one, on a socket in a directory of its own, that lets
/// everybody do everything. Whoever is to use it gets address(), programs as
/// DBUS_SYSTEM_BUS_ADDRESS.
#pragma once

#include <optional>
#include <string>

#include "tests/support/process.hpp"

namespace batch_notifier::tests {

/// A private bus, alive until its owner goes.
class PrivateBus {
 public:
  /// Starts it and waits until it listens. Throws std::runtime_error.
  PrivateBus();

  /// Its D-Bus address; the same after a restart.
  [[nodiscard]] std::string address() const { return "unix:path=" + socket_path(); }
  /// Path of its socket.
  [[nodiscard]] std::string socket_path() const { return directory_.file("bus"); }
  /// Kills it, as a crash would.
  void kill();
  /// Starts it again after kill(). Throws std::runtime_error.
  void start();
  /// Connects and leaves at once; the bus may notice later. False if nobody listens or the queue of
  /// connections is full. Never blocks.
  [[nodiscard]] bool knock() const;
  /// Stops it from running without ending it, so that it hangs.
  void freeze();
  /// Undoes freeze().
  void thaw();

 private:
  TemporaryDirectory directory_;
  std::optional<Process> daemon_;
};

}  // namespace batch_notifier::tests
