// SPDX-License-Identifier: MIT
/// @file
/// Waits between attempts, doubling from one to the next. Everything that tries again (sources, the
/// connection to a bus, deliveries, workers) waits in this way, so that a short outage costs little
/// time and a long one little work.
#pragma once

#include <algorithm>

#include "core/time.hpp"

namespace batch_notifier::core {

/// The wait before each further attempt. A value; pure.
class Backoff {
 public:
  /// The first wait is `first`; none is longer than `longest`.
  constexpr Backoff(Duration first, Duration longest)
      : first_(first), longest_(longest), next_(std::min(first, longest)) {}

  /// The wait before the next attempt; the one after it will be twice as long.
  constexpr Duration next() {
    const Duration wait = next_;
    next_ = next_ > longest_ / 2 ? longest_ : 2 * next_;
    return wait;
  }

  /// An attempt succeeded: the next wait is the first again.
  constexpr void reset() { next_ = std::min(first_, longest_); }

 private:
  Duration first_;
  Duration longest_;
  Duration next_;
};

}  // namespace batch_notifier::core
