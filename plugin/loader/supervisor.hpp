// SPDX-License-Identifier: MIT
/// @file
/// The process that keepalived starts and signals. keepalived starts its script once and never
/// again before a reload, and one second after SIGTERM it kills the script's process group. So the
/// script is this small process, which loads nothing that could crash it and may be killed at any
/// time; the plugin lives in a worker outside that group, which is restarted when it crashes or
/// hangs and has all the time it needs to stop.
///
/// A worker that does not finish a turn of its loop within `longest_turn` is killed, and another
/// one goes on from the ledger. Where not even SIGKILL ends it, because it sleeps in the kernel, it
/// is left behind and the next one is started all the same.
///
/// It tells the worker to stop once, on the first SIGTERM or SIGINT. Since keepalived kills it one
/// second later, it hands the watch over at that moment: to a guard, which it forks and which
/// leaves keepalived's process group. The guard replaces a worker that fails or hangs while it
/// stops; otherwise no consumer would learn that keepalived has stopped. The supervisor itself then
/// only passes signals on to the guard and exits with its status.
///
/// Further SIGTERMs change nothing: keepalived's own end sends one (PR_SET_PDEATHSIG), and systemd
/// may send more. A person in a hurry uses SIGINT: a second one shortens the worker's time, a third
/// kills it.
///
/// When the supervisor is killed at another time the worker goes on, but nothing watches it.
#pragma once

#include <variant>

#include "loader/worker_seat.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::loader {

/// Starts a worker, and another one whenever it fails, until it is over. Returns in more than one
/// process, as fork(2) does: in the supervisor and in a guard the exit status, and in every worker
/// its seat, with SIGTERM and SIGINT blocked. Throws std::system_error when it cannot wait for
/// signals.
std::variant<int, WorkerSeat> supervise(runtime::Log& log);

}  // namespace batch_notifier::loader
