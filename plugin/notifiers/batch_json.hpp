// SPDX-License-Identifier: MIT
/// @file
/// Version 1 of the batch format. Every consumer that gets JSON gets this, byte for byte.
#pragma once

#include <string>

#include "core/batch.hpp"

namespace batch_notifier::notifiers {

/// The batch as one line of JSON without a newline, in UTF-8: bytes that are none, as a name in
/// keepalived.conf may have them, become U+FFFD. Fields may be added within version 1, none is
/// removed or renamed.
std::string to_json(const core::Batch& batch);

}  // namespace batch_notifier::notifiers
