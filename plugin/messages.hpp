// SPDX-License-Identifier: MIT
/// @file
/// How the plugin puts into words what it sees and does, for the log.
#pragma once

#include <string>

#include "core/batch.hpp"
#include "core/instance_status.hpp"
#include "core/observation.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"

namespace batch_notifier {

/// "FILE:LINE: ", to begin a message with.
std::string place(const core::SourceLocation& location);

/// "1.5 s".
std::string in_seconds(core::Duration duration);

/// "batch 3 (snapshot) of 12 instances".
std::string describe(const core::Batch& batch);

/// What a witness reported, e.g. "VI_1 is MASTER by dbus (signal)".
std::string describe(const core::Observation& observation, const core::Topology& topology);

/// What an instance is in now, e.g. "VI_1: MASTER by dbus (signal), health ok".
std::string describe(const core::Instance& instance, const core::InstanceStatus& status);

}  // namespace batch_notifier
