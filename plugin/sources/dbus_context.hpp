// SPDX-License-Identifier: MIT
/// @file
/// What the parts of the D-Bus source share.
#pragma once

#include "core/observation.hpp"
#include "core/statistics.hpp"
#include "core/topology.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "sources/dbus_paths.hpp"

namespace batch_notifier::sources {

/// All of it outlives the parts.
struct DbusContext {
  runtime::EventLoop& loop;        ///< Carries everything.
  runtime::Log& log;               ///< For messages.
  core::Statistics& statistics;    ///< For counters.
  const core::Topology& topology;  ///< The instances.
  const DbusPaths& paths;          ///< Their object paths.
  core::ObservationSink& sink;     ///< Who gets the observations.
};

}  // namespace batch_notifier::sources
