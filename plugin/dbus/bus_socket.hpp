// SPDX-License-Identifier: MIT
/// @file
/// Where the bus listens, and whether it accepts connections.
///
/// libdbus connects with a blocking connect(2), and a bus whose queue of connections is full (it
/// hangs, or is being flooded) would block the whole plugin there. A non-blocking connection made
/// beforehand does not prove enough, for it takes a place in the same queue, perhaps the last. So a
/// probe connects, shuts down its writing side at once, and waits in the event loop until the bus
/// has noticed and closed the connection. A bus that does so is accepting connections. One that
/// does not gets one probe per attempt, until the queue is full and the kernel refuses the next.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/event_loop.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::dbus {

/// One UNIX socket of a bus.
struct BusSocket {
  std::string name;       ///< Path, or name in the abstract namespace.
  bool abstract = false;  ///< Which of the two `name` is.

  /// The D-Bus address of this socket alone, without a GUID: a restarted bus has another.
  [[nodiscard]] std::string address() const;
};

/// The address of the system bus: DBUS_SYSTEM_BUS_ADDRESS, else the well-known one.
std::string system_bus_address();

/// The UNIX sockets in a D-Bus address, in its order. Other transports are left out: libdbus would
/// start programs or resolve names for them, and wait. Throws std::runtime_error if the address is
/// malformed or holds no UNIX socket.
std::vector<BusSocket> parse_bus_address(const std::string& address);

/// One probe of a socket; see above.
class BusProbe {
 public:
  /// Calls `answered` once, from the loop, when the bus has closed it; may destroy the probe.
  /// Throws std::system_error if nobody listens or the queue is full.
  BusProbe(runtime::EventLoop& loop, const BusSocket& socket, std::function<void()> answered);

 private:
  runtime::UniqueFd fd_;
  std::optional<runtime::FdWatch> watch_;
};

}  // namespace batch_notifier::dbus
