// SPDX-License-Identifier: MIT
/// @file
/// Resource limits that the loader inherits from keepalived, and keepalived from a service manager
/// or a shell. One that is too low must not become an outage: a worker that is killed for writing
/// its ledger would be killed again and again.
#pragma once

#include <string>
#include <vector>

namespace batch_notifier::loader {

/// Descriptors that a worker with a few notifiers needs: for D-Bus, netlink, the FIFO, timers, the
/// state directory, and up to five for each delivery under way.
inline constexpr unsigned long needed_descriptors = 64;

/// Raises the soft limits of this process, and of all that it starts, as far as they help and the
/// hard limits allow. Returns a line for each limit that is too low nevertheless, with what to
/// raise. Commands get at most 1,024 descriptors as their soft limit, see child_entry.cpp.
std::vector<std::string> raise_limits();

}  // namespace batch_notifier::loader
