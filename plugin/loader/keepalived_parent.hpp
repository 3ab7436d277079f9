// SPDX-License-Identifier: MIT
/// @file
/// The keepalived that started this loader, as the kernel shows it: its end, and what it was
/// started with. Neither needs keepalived's help. A keepalived that is killed does not report it:
/// its D-Bus name goes, if it had one, and its FIFO ends, if no other process has it open. The end
/// of the process can always be seen.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "runtime/unique_fd.hpp"

namespace batch_notifier::loader {

/// A keepalived among the processes that this one descends from.
struct KeepalivedParent {
  pid_t pid = 0;  ///< Its process ID; 0 where none is found.
  /// A pidfd, readable once it has ended. None unless it is the parent itself: the end of a
  /// keepalived further away is not the end of our FIFO. None either before Linux 5.3.
  runtime::UniqueFd end;
  std::vector<std::string> command_line;  ///< Its argv; empty where that cannot be read.
  std::string unreadable;                 ///< Why it is not known; else empty.
  std::string working_directory;          ///< Where it is now; empty where that cannot be read.
  std::string first_directory;            ///< Where it was when started; empty where not known.
};

/// Looks for keepalived: the parent, which is its VRRP process, or the parent of a wrapper around
/// this loader. keepalived's processes share one command line. To be called before anything forks.
KeepalivedParent find_keepalived();

}  // namespace batch_notifier::loader
