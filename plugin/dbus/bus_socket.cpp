// SPDX-License-Identifier: MIT
#include "dbus/bus_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <dbus/dbus.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace batch_notifier::dbus {

namespace {

constexpr const char* well_known_address = "unix:path=/var/run/dbus/system_bus_socket";

struct EntriesFree {
  void operator()(DBusAddressEntry** entries) const { dbus_address_entries_free(entries); }
};

struct DbusFree {
  void operator()(char* text) const { dbus_free(text); }
};

std::optional<BusSocket> socket_of(DBusAddressEntry* entry) {
  if (std::string(dbus_address_entry_get_method(entry)) == "unix") {
    if (const char* path = dbus_address_entry_get_value(entry, "path"); path != nullptr) {
      return BusSocket{path, false};
    }
    if (const char* name = dbus_address_entry_get_value(entry, "abstract"); name != nullptr) {
      return BusSocket{name, true};
    }
  }
  return std::nullopt;
}

[[noreturn]] void throw_errno(const BusSocket& socket) {
  const int reason = errno;
  const std::string what =
      reason == EAGAIN ? "the queue of connections is full at " : "cannot connect to ";
  throw std::system_error(reason, std::generic_category(), what + socket.address());
}

}  // namespace

std::string BusSocket::address() const {
  const std::unique_ptr<char, DbusFree> escaped(dbus_address_escape_value(name.c_str()));
  if (!escaped) {
    throw std::bad_alloc();
  }
  return (abstract ? "unix:abstract=" : "unix:path=") + std::string(escaped.get());
}

std::string system_bus_address() {
  const char* configured = std::getenv("DBUS_SYSTEM_BUS_ADDRESS");
  return configured != nullptr && *configured != '\0' ? configured : well_known_address;
}

std::vector<BusSocket> parse_bus_address(const std::string& address) {
  DBusAddressEntry** entries = nullptr;
  int count = 0;
  if (dbus_parse_address(address.c_str(), &entries, &count, nullptr) == 0) {
    throw std::runtime_error("malformed D-Bus address: " + address);
  }
  const std::unique_ptr<DBusAddressEntry*, EntriesFree> owner(entries);
  std::vector<BusSocket> sockets;
  for (int index = 0; index < count; ++index) {
    if (std::optional<BusSocket> socket = socket_of(entries[index])) {
      sockets.push_back(std::move(*socket));
    }
  }
  if (sockets.empty()) {
    throw std::runtime_error("only UNIX sockets are supported, none in D-Bus address: " + address);
  }
  return sockets;
}

BusProbe::BusProbe(runtime::EventLoop& loop, const BusSocket& socket,
                   std::function<void()> answered)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t offset = socket.abstract ? 1 : 0;
  if (socket.name.size() + offset > sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
    throw_errno(socket);
  }
  std::copy(socket.name.begin(), socket.name.end(), address.sun_path + offset);
  const std::size_t length = offsetof(sockaddr_un, sun_path) + offset + socket.name.size();
  if (!fd_ ||
      connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address),
              static_cast<socklen_t>(length)) != 0 ||
      shutdown(fd_.get(), SHUT_WR) != 0) {
    throw_errno(socket);
  }
  watch_.emplace(loop, fd_.get(), EPOLLIN | EPOLLRDHUP,
                 [call = std::move(answered)](std::uint32_t) { call(); });
}

}  // namespace batch_notifier::dbus
