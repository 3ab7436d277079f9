// SPDX-License-Identifier: MIT
/// @file
/// How a newer worker takes the place of an older one. There are two ways with the same outcome: by
/// a lock in the state directory (directory_lock.hpp) and by a socket, which needs no directory
/// (handover.hpp).
#pragma once

#include <functional>

#include "core/time.hpp"

namespace batch_notifier::ledger {

/// What happens to a worker's claim to be the only one. Called from the event loop.
struct TakeoverHandlers {
  std::function<void()> acquired;   ///< This worker is the only one from now on.
  std::function<void()> requested;  ///< A newer worker waits for this one to finish.
  std::function<void()> outlived;   ///< A newer worker is at work: this one has to end.
};

/// How long a newer worker waits for an older one, unless that asks for more.
inline constexpr core::Duration takeover_patience{3'000'000};
/// How long it waits at most, whatever the older one asks for.
inline constexpr core::Duration longest_takeover{30'000'000};

}  // namespace batch_notifier::ledger
