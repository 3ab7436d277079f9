// SPDX-License-Identifier: MIT
/// @file
/// The children of a process, as /proc shows them.
#pragma once

#include <sys/types.h>

namespace batch_notifier::runtime {

/// Called with the process ID of a child and the context that was given.
using ChildVisitor = void (*)(pid_t child, void* context);

/// Calls `visit` for every child of `parent`, zombies included. A child that is started or adopted
/// meanwhile may be left out, so a caller that needs all of them asks again. Makes
/// async-signal-safe calls only. False where /proc cannot be read.
bool visit_children(pid_t parent, ChildVisitor visit, void* context) noexcept;

}  // namespace batch_notifier::runtime
