// SPDX-License-Identifier: MIT
/// @file
/// Waiting for a condition, with a deadline. A test never sleeps to give something time: it names
/// what it waits for, is woken by the polling interval here only, and fails with what it saw.
#pragma once

#include <chrono>
#include <thread>

namespace batch_notifier::tests {

/// How long a test waits for something that should come soon, on a machine that is busy.
inline constexpr std::chrono::seconds patience{20};

/// Calls `condition` until it returns true; false when that has not happened within `limit`.
template <typename Condition>
bool wait_until(Condition condition, std::chrono::milliseconds limit = patience) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace batch_notifier::tests
