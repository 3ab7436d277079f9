// SPDX-License-Identifier: MIT
/// @file
/// The first line of a ledger file: format, version, length and checksum of the rest.
#pragma once

#include <string>
#include <string_view>

namespace batch_notifier::ledger {

/// The text of a file whose contents after the first line are `body`.
std::string frame_ledger(std::string_view body);

/// What follows the first line of `text`. Throws std::runtime_error with the reason if it is not a
/// ledger, one of another version, or damaged.
std::string_view unframe_ledger(std::string_view text);

}  // namespace batch_notifier::ledger
