// SPDX-License-Identifier: MIT
/// @file
/// The host's side of the plugin ABI: what a plugin is told, and where its messages go.
#pragma once

#include "core/time.hpp"
#include "keepalived/plugin.h"
#include "loader/options.hpp"
#include "loader/served.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::loader {

/// Describes this host. `options`, `served`, `state_dir` (or nullptr for none), `keepalived` (a
/// descriptor, or -1) and `log` must outlive the plugin that is given the result.
KeepalivedPluginHost make_host(const Options& options, const Served& served, const char* state_dir,
                               int keepalived, core::MonotonicTime started, runtime::Log& log);

}  // namespace batch_notifier::loader
