// SPDX-License-Identifier: MIT
/// @file
/// What happens in a batcher program, for a person who looks into a finding. Silent unless
/// BATCHER_TRACE is set in the environment.
#pragma once

#include "core/event.hpp"
#include "core/time.hpp"

namespace batch_notifier::fuzz {

/// Prints an event on standard error, with the time since the start of the program.
void trace(const core::Event& event, core::Duration elapsed);

/// Prints that the engine is replaced by a new one.
void trace_restart(core::Duration elapsed);

/// Prints what the engine wants done.
void trace(const core::Action& action);

}  // namespace batch_notifier::fuzz
