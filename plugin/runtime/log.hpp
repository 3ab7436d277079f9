// SPDX-License-Identifier: MIT
/// @file
/// Where messages go: the host's log callback in real life, a list of lines in a test.
#pragma once

#include <cstdint>
#include <string>

namespace batch_notifier::runtime {

/// Weight of a message, with the numbers of syslog(3).
enum class Severity : std::uint8_t {
  error = 3,    ///< Something does not work, and a person should act.
  warning = 4,  ///< Something is odd, or did not work and is tried again.
  notice = 5,   ///< Rare and normal: started, attached, stopped.
  info = 6,     ///< One line per batch.
  debug = 7,    ///< One line per observation; only with --log-detail.
};

/// Takes messages. Each is one line without a newline; it names the file and line, the instance,
/// the sender or the command that it is about, and what to do where there is something to do.
class Log {
 public:
  virtual ~Log() = default;

  /// Writes one message. Never blocks, never throws.
  virtual void write(Severity severity, const std::string& message) noexcept = 0;
};

}  // namespace batch_notifier::runtime
