// SPDX-License-Identifier: MIT
/// @file
/// Which processes hold a lock. flock(2) does not report them; /proc/locks does.
#pragma once

#include <vector>

#include <sys/types.h>

#include "runtime/unique_fd.hpp"

namespace batch_notifier::runtime {

/// The processes that share a flock(2) lock on this file, this process left out. Empty where none
/// does or /proc cannot be read. Looks at every process, so it is for rare occasions.
std::vector<pid_t> lock_holders(const UniqueFd& file);

}  // namespace batch_notifier::runtime
