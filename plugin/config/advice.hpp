// SPDX-License-Identifier: MIT
/// @file
/// What a configuration leads to. Each line can be right and still nobody be told: no notifier, a
/// command that is not there, a FIFO script of somebody else. These are warnings: nothing is left
/// out because of them, and they can be true for a moment only, as a command can be installed
/// later.
#pragma once

#include <string>
#include <vector>

#include "config/configuration.hpp"

namespace batch_notifier::config {

/// Warnings, in the order of the file. Looks at the commands of the notifiers through `files`.
std::vector<Problem> advise(const Configuration& configuration, ConfigFiles& files);

/// "3 instances, 1 notifier".
std::string count_parts(const Configuration& configuration);

/// Whether keepalived starts the loader with this configuration: "yes", or "no, because …".
std::string started_by_keepalived(const FifoScripts& scripts);

}  // namespace batch_notifier::config
