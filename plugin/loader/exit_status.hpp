// SPDX-License-Identifier: MIT
/// @file
/// Exit statuses of the loader. The numbers follow `keepalived -t`. The worker uses them too: from
/// them the supervisor decides whether to start another one.
#pragma once

namespace batch_notifier::loader {

/// Ended as it should.
inline constexpr int exit_stopped = 0;
/// Something failed that may work the next time.
inline constexpr int exit_failed = 1;
/// The command line is wrong.
inline constexpr int exit_bad_usage = 2;
/// The plugin or the configuration cannot be read or loaded.
inline constexpr int exit_unreadable = 4;
/// The configuration has errors; only with --config-test.
inline constexpr int exit_config_errors = 5;

}  // namespace batch_notifier::loader
