// SPDX-License-Identifier: MIT
/// @file
/// The host's side of the plugin ABI: the data that a plugin gets, and the log that takes its
/// messages.
#pragma once

#include "core/time.hpp"
#include "keepalived/plugin.h"
#include "loader/options.hpp"
#include "loader/served.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::loader {

/// Descriptors of the host; -1 for none.
struct HostDescriptors {
  int keepalived = -1;  ///< Readable once keepalived has ended.
  int deliveries = -1;  ///< Kept open by deliveries.
  int fifo = -1;        ///< keepalived's notify FIFO.
};

/// Describes this host. `options`, `served`, `state_dir` (or nullptr for none), the descriptors and
/// `log` must outlive the plugin that is given the result.
KeepalivedPluginHost make_host(const Options& options, const Served& served, const char* state_dir,
                               const HostDescriptors& descriptors, core::MonotonicTime started,
                               runtime::Log& log);

}  // namespace batch_notifier::loader
