// SPDX-License-Identifier: MIT
/// @file
/// How the plugin puts into words what it sees and does, for the log.
#pragma once

#include <string>

#include "core/observation.hpp"
#include "core/registry.hpp"
#include "core/topology.hpp"

namespace batch_notifier {

/// What a witness reported, e.g. "VI_1 is MASTER by dbus (signal)".
std::string describe(const core::Observation& observation, const core::Topology& topology);

/// What an instance is in now, e.g. "VI_1: MASTER by dbus (signal), health ok".
std::string describe(const core::InstanceRow& row);

}  // namespace batch_notifier
