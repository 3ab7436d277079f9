// SPDX-License-Identifier: MIT
/// @file
/// The beginning of a batcher program: what is configured. Few values, but those at which something
/// happens: nothing, less than the next one, more than all others.
#pragma once

#include "core/settings.hpp"
#include "core/topology.hpp"
#include "tests/fuzz/program_bytes.hpp"

namespace batch_notifier::fuzz {

/// Takes a topology of 1 to 8 instances: a byte for D-Bus, one for the count, one per instance.
core::Topology take_topology(ProgramBytes& bytes);

/// Takes the settings: four bytes of times, then 1 to 3 notifiers of one byte each.
core::Settings take_settings(ProgramBytes& bytes);

}  // namespace batch_notifier::fuzz
