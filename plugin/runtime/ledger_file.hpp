// SPDX-License-Identifier: MIT
/// @file
/// The ledger as text: one line that says what it is, with the length and the checksum of what
/// follows, and one line of JSON. So a file that was cut short, written over or made by something
/// else is told from a good one before anything in it is believed.
#pragma once

#include <string>
#include <string_view>

#include "core/ledger.hpp"

namespace batch_notifier::runtime {

/// The whole text of a file that holds `ledger`.
std::string write_ledger(const core::Ledger& ledger);

/// The ledger that `text` holds. Throws std::runtime_error with the reason when it is of another
/// version, damaged, or says what cannot be.
core::Ledger read_ledger(std::string_view text);

}  // namespace batch_notifier::runtime
