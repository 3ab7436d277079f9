// SPDX-License-Identifier: MIT
/// @file
/// keepalived's own end, seen without its help. A keepalived that is killed says nothing: its name
/// goes from the bus, if it was on it, and its FIFO ends, if nobody else has it open and it has not
/// been unlinked. That the process is gone is true at all times, also for a worker that was
/// started after it.
#pragma once

#include "runtime/unique_fd.hpp"

namespace batch_notifier::loader {

/// A pidfd of the parent process if that is keepalived's VRRP process, which starts its scripts
/// itself; readable once that has ended. None if the parent is another program (a shell, a
/// wrapper), has ended already, or the kernel is older than 5.3. To be called before anything
/// forks.
runtime::UniqueFd watch_keepalived();

}  // namespace batch_notifier::loader
