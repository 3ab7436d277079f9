// SPDX-License-Identifier: MIT
#include "loader/syslog_sink.hpp"

#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

namespace batch_notifier::loader {

namespace {

constexpr core::Duration reconnect_interval = std::chrono::seconds(1);
constexpr std::size_t longest_time = sizeof("Jan 01 00:00:00");
constexpr std::size_t longest_header = 96;
constexpr std::size_t longest_report = 96;

core::MonotonicTime monotonic_now() {
  return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
}

bool is_connection_lost(int error) {
  return error == ECONNREFUSED || error == ENOTCONN || error == ECONNRESET ||
         error == EDESTADDRREQ || error == EPIPE || error == EBADF;
}

}  // namespace

SyslogSink::SyslogSink(const std::string& path) : path_(path) {
  if (path_.size() >= sizeof(sockaddr_un::sun_path)) {
    throw std::invalid_argument("too long for the address of a socket: " + path_);
  }
  // Reads the time zone now, and not in the middle of a failover.
  tzset();
  connect();
}

void SyslogSink::write(runtime::Severity severity, const std::string& message) noexcept {
  if (dropped_ > 0) {
    std::array<char, longest_report> report{};
    std::snprintf(report.data(), report.size(),
                  "%" PRIu64 " message%s lost here: the system log did not take %s", dropped_,
                  dropped_ == 1 ? "" : "s", dropped_ == 1 ? "it" : "them");
    if (!send(runtime::Severity::warning, report.data())) {
      ++dropped_;
      return;
    }
    dropped_ = 0;
  }
  if (!send(severity, message.c_str())) {
    ++dropped_;
  }
}

bool SyslogSink::send(runtime::Severity severity, const char* message) noexcept {
  const std::time_t seconds = std::time(nullptr);
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, longest_time> time{};
  // The program never calls setlocale(3), so month names are those of the C locale.
  std::strftime(time.data(), time.size(), "%b %e %T", &local);
  std::array<char, longest_header> header{};
  const int size =
      std::snprintf(header.data(), header.size(), "<%d>%s keepalived-plugin-loader[%d]: ",
                    LOG_DAEMON | static_cast<int>(severity), time.data(), getpid());
  const std::size_t header_size = std::min(static_cast<std::size_t>(size), header.size() - 1);
  int error = try_send(header.data(), header_size, message);
  if (is_connection_lost(error)) {
    connect();
    error = try_send(header.data(), header_size, message);
  }
  return error == 0;
}

int SyslogSink::try_send(const char* header, std::size_t header_size,
                         const char* message) noexcept {
  std::array<iovec, 2> parts{{{const_cast<char*>(header), header_size},
                              {const_cast<char*>(message), std::strlen(message)}}};
  msghdr datagram{};
  datagram.msg_iov = parts.data();
  datagram.msg_iovlen = parts.size();
  return sendmsg(socket_.get(), &datagram, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 ? 0 : errno;
}

void SyslogSink::connect() noexcept {
  const core::MonotonicTime now = monotonic_now();
  if (tried_at_ && now - *tried_at_ < reconnect_interval) {
    return;
  }
  tried_at_ = now;
  socket_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    socket_.reset();
  }
}

}  // namespace batch_notifier::loader
