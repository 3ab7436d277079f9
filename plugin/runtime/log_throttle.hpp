// SPDX-License-Identifier: MIT
/// @file
/// A repeated complaint must not fill the log: otherwise a process that can send bad messages could
/// fill the disk with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/time.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::runtime {

/// Lets one message a minute through and says how many it held back. One for each kind of message.
class LogThrottle {
 public:
  /// Writes the message, or only counts it when another was written less than a minute ago.
  void write(Log& log, Severity severity, const std::string& message, core::MonotonicTime now) {
    if (quiet_until_ && now < *quiet_until_) {
      ++held_back_;
      return;
    }
    log.write(severity, held_back_ == 0
                            ? message
                            : message + " (" + std::to_string(held_back_) + " more not logged)");
    held_back_ = 0;
    quiet_until_ = now + interval;
  }

 private:
  static constexpr core::Duration interval{60'000'000};

  std::optional<core::MonotonicTime> quiet_until_;
  std::uint64_t held_back_ = 0;
};

}  // namespace batch_notifier::runtime
