// SPDX-License-Identifier: MIT
/// @file
/// The process between the plugin and a command, so that nothing of a delivery goes on once that
/// delivery has failed. A command may be a wrapper: killing it leaves its own children at work, and
/// they would apply an old state after the next delivery has applied a newer one.
///
/// The keeper is the "child subreaper" of the command: every process that the command starts stays
/// below it, whatever that process does: ignore signals, fork twice, begin a session, clear its
/// environment. The keeper ends all of them
/// - when the command ends in any other way than with status 0,
/// - when the command has got SIGTERM,
/// - when the process that started the delivery has ended, however that happened.
///
/// It leaves processes alone that go on after a success: they were started on purpose.
///
/// As long as anything of the delivery runs, the keeper does. It holds the descriptors that
/// ChildEntry::kept names, so that their other end, or the next one who waits for a lock, can tell.
#pragma once

#include <csignal>

#include "runtime/child_entry.hpp"

namespace batch_notifier::runtime {

/// Tells a keeper to pass SIGTERM on to the process group of its command.
inline constexpr int keeper_terminate = SIGTERM;
/// Tells a keeper to kill all processes of its delivery.
inline constexpr int keeper_kill = SIGUSR1;

/// Goes on in a forked child as a keeper: forks the program that `entry` names and ends as it ends.
/// The rules of child_entry.hpp hold.
[[noreturn]] void keep_child(const ChildEntry& entry) noexcept;

}  // namespace batch_notifier::runtime
