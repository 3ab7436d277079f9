// SPDX-License-Identifier: MIT
/// @file
/// Whether a process is *our* keepalived. Two keepalived on one bus may want the same service name
/// (it is the default, after all): the second never gets it, and its plugin would read the first
/// one's instances under the very paths and names of its own. The bus reports the process of a
/// connection; and the keepalived that started this plugin as its notify script is among the
/// plugin's ancestors.
///
/// Where this cannot be examined the process counts as ours: a plugin that was started by hand has
/// no keepalived among its ancestors, and another user's namespaces cannot be read.
#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

#include "runtime/process_stat.hpp"

namespace batch_notifier::sources {

/// What a process that calls itself keepalived is to us.
enum class Relation : std::uint8_t {
  ours,      ///< It, or the keepalived that it is a child of, has started us; or it is ourselves.
  stranger,  ///< Another one than that, or one in another network namespace.
  unknown,   ///< There is no telling.
};

/// The processes that we descend from, as they were when this was made.
class Ancestors {
 public:
  /// Reads /proc. `same_network`: keepalived is to be in our network namespace. Throws
  /// std::bad_alloc.
  explicit Ancestors(bool same_network);

  /// What a process is to us. Reads /proc; `pid` is as our own PID namespace has it.
  [[nodiscard]] Relation of(pid_t pid) const;

 private:
  [[nodiscard]] const runtime::ProcessStat* find(pid_t pid) const;

  bool same_network_;
  std::vector<runtime::ProcessStat> line_;  // Ourselves first.
};

}  // namespace batch_notifier::sources
