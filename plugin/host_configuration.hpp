// SPDX-License-Identifier: MIT
/// @file
/// The configuration of the keepalived that a host serves: the file that it names, read with the
/// config id and the network namespace that keepalived was started with, where the host knows them.
#pragma once

#include "config/configuration.hpp"
#include "keepalived/plugin.h"

namespace batch_notifier {

/// Reads it from disk. `host` must be of the present size. Throws std::system_error when the file
/// itself cannot be read.
config::Configuration read_host_configuration(const KeepalivedPluginHost& host);

}  // namespace batch_notifier
