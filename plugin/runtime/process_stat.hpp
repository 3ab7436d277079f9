// SPDX-License-Identifier: MIT
/// @file
/// Reads /proc/PID/stat of another process, see proc(5). The name in it may contain blanks and
/// parentheses; only here it is separated from the fields around it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace batch_notifier::runtime {

/// One process, at one moment.
struct ProcessStat {
  pid_t pid = 0;              ///< Its process ID.
  std::string name;           ///< What it calls itself, at most 15 bytes.
  pid_t parent = 0;           ///< Process ID of its parent; 0 for none that can be seen.
  std::uint64_t started = 0;  ///< Clock ticks since boot; with `pid` unlike any other of this boot.
};

/// Looks a process up; nothing if there is none, or /proc does not show it.
std::optional<ProcessStat> read_process_stat(pid_t pid);

}  // namespace batch_notifier::runtime
