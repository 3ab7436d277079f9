// SPDX-License-Identifier: MIT
/// @file
/// The process that holds the plugin: the simplest host there is, a loop around poll(2). It leaves
/// keepalived's process group and session before anything else, so that the SIGKILL which
/// keepalived sends there one second after SIGTERM does not take the last batch with it, and it
/// asks for no signal at its parent's death, for the same reason. Idle, it sleeps without a
/// timeout.
#pragma once

#include "core/time.hpp"
#include "loader/host.hpp"
#include "loader/options.hpp"
#include "loader/served.hpp"
#include "loader/worker_seat.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::loader {

/// Runs the plugin until it has stopped, after SIGTERM or SIGINT or of its own accord; a SIGINT
/// while it stops leaves it one second. `descriptors` are those of the loader; their `deliveries`
/// are the seat's. `started` is when the loader was. `seat` is told of each turn of the loop.
/// Returns the exit status. Throws std::system_error when it cannot wait for signals or for the
/// plugin.
int run_worker(const Options& options, const Served& served, HostDescriptors descriptors,
               core::MonotonicTime started, const WorkerSeat& seat, runtime::Log& log);

}  // namespace batch_notifier::loader
