// SPDX-License-Identifier: MIT
/// @file
/// Two clocks, always handed in. The core never asks what time it is: waiting is measured on the
/// monotonic clock, so that a step of the system clock neither delays nor hastens a notification,
/// and what a person reads is UTC. Both travel together in one Now.
#pragma once

#include <chrono>

namespace batch_notifier::core {

/// A span of time, in microseconds: the resolution in which batches give their times.
using Duration = std::chrono::microseconds;

/// A point on CLOCK_MONOTONIC, for everything that waits.
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// A point in UTC, for everything that is shown.
using UtcTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// The instant at which an event is handled, on both clocks.
struct Now {
  MonotonicTime monotonic;  ///< For deadlines.
  UtcTime utc;              ///< For what consumers are told.
};

}  // namespace batch_notifier::core
