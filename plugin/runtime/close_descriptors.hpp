// SPDX-License-Identifier: MIT
/// @file
/// Closes descriptors that a parent left open; their numbers are not known.
#pragma once

#include <span>

namespace batch_notifier::runtime {

/// Closes every descriptor from `first` on but those in `kept`, which is in ascending order. Makes
/// async-signal-safe calls only. Where the kernel has no close_range(2), before Linux 5.9, numbers
/// up to the soft limit or 65,536 are closed one by one.
void close_descriptors(int first, std::span<const int> kept = {}) noexcept;

}  // namespace batch_notifier::runtime
