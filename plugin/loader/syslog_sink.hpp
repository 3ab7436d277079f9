// SPDX-License-Identifier: MIT
/// @file
/// Messages to the system log, without ever waiting for it. syslog(3) sends on a blocking socket:
/// when journald or rsyslogd is stopped, stuck on a full disk or being debugged, its caller stands
/// still, and the notifications of a failover with it. Hence a socket of our own, in the wire
/// format that syslog(3) uses (RFC 3164 without a host name), which drops what the log does not
/// take, counts that, and says so with the first message that passes again. Datagrams only: every
/// syslog daemon of the systems that run keepalived listens for these on /dev/log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/time.hpp"
#include "runtime/log.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::loader {

/// A connection to the system log, with facility `daemon`.
class SyslogSink {
 public:
  /// Connects to the log's socket at `path`; one that is not there yet is tried again later.
  /// Throws std::invalid_argument when the path is too long for a socket address.
  explicit SyslogSink(const std::string& path);

  /// Sends one message, or drops and counts it. Where the log is gone, one attempt a second is made
  /// to reach it again.
  void write(runtime::Severity severity, const std::string& message) noexcept;

  /// Messages dropped and not yet reported to the log.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  bool send(runtime::Severity severity, const char* message) noexcept;
  int try_send(const char* header, std::size_t header_size, const char* message) noexcept;
  void connect() noexcept;

  std::string path_;
  runtime::UniqueFd socket_;
  std::optional<core::MonotonicTime> tried_at_;
  std::uint64_t dropped_ = 0;
};

}  // namespace batch_notifier::loader
