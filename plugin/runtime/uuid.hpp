// SPDX-License-Identifier: MIT
/// @file
/// Random identifiers.
#pragma once

#include <string>

namespace batch_notifier::runtime {

/// A random UUID (version 4, RFC 4122) in lower case. Needs neither /proc nor a descriptor. Where
/// the kernel has no random numbers yet, early in a boot, the clocks and the process ID make it.
std::string new_uuid();

}  // namespace batch_notifier::runtime
