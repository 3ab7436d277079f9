// SPDX-License-Identifier: MIT
/// @file
/// --config-test checks the lines that `keepalived -t` skips. Runs in the calling process, forks
/// nothing and writes nothing to the system log, because a person or an editor is waiting for the
/// answer.
#pragma once

#include "loader/options.hpp"

namespace batch_notifier::loader {

/// Prints every problem of the configuration to standard output, as `FILE:LINE: text`, and what
/// hinders the test itself to standard error. Returns the exit status.
int test_config(const Options& options);

}  // namespace batch_notifier::loader
