// SPDX-License-Identifier: MIT
/// @file
/// The process that keepalived starts and signals. keepalived starts its script once and never
/// again before a reload, and one second after SIGTERM it kills the script's process group. So the
/// script is this small process, which loads nothing that could crash it and may be killed at any
/// time; the plugin lives in a worker outside that group, which is restarted when it crashes and
/// has all the time it needs to stop.
///
/// It tells the worker to stop once, on the first SIGTERM or SIGINT. Further SIGTERMs mean nothing:
/// keepalived's own end sends one (PR_SET_PDEATHSIG), and systemd may send more. A person in a
/// hurry uses SIGINT: a second one shortens the worker's time, a third kills it. A worker that
/// fails while it stops is replaced at once: otherwise nobody would tell that keepalived has
/// stopped.
///
/// When the supervisor itself is killed the worker goes on, deliberately: that is how every stop of
/// keepalived ends.
#pragma once

#include <optional>

#include "runtime/log.hpp"

namespace batch_notifier::loader {

/// Starts a worker, and another one whenever it fails, until it is over. Returns in more than one
/// process, as fork(2) does: in the supervisor the exit status, and in every worker nothing, with
/// SIGTERM and SIGINT blocked. Throws std::system_error when it cannot wait for signals.
std::optional<int> supervise(runtime::Log& log);

}  // namespace batch_notifier::loader
