// SPDX-License-Identifier: MIT
/// @file
/// The ledger as text: one line that names the format, its version, the length and the checksum of
/// what follows, and one line of JSON. A file that was cut short, damaged or made by another
/// program is refused as a whole, before anything in it is used.
///
/// Version 2 adds to each instance the keepalived that it belongs to. A ledger of another version
/// is refused too: every consumer then gets a snapshot, which is always right.
#pragma once

#include <string>
#include <string_view>

#include "core/ledger.hpp"
#include "core/time.hpp"

namespace batch_notifier::ledger {

/// Times in a ledger are those that a batch can show: the years 1 to 9999.
inline constexpr core::UtcTime first_time{core::Duration(-62'135'596'800'000'000)};
/// The end of the year 9999.
inline constexpr core::UtcTime last_time{core::Duration(253'402'300'799'999'999)};

/// The whole text of a file that holds `ledger`, which read_ledger() accepts. A time outside of
/// first_time to last_time becomes the nearer of the two.
std::string write_ledger(const core::Ledger& ledger);

/// The ledger that `text` holds. Throws std::runtime_error with the reason when it is of another
/// version or damaged, or when its parts contradict each other.
core::Ledger read_ledger(std::string_view text);

}  // namespace batch_notifier::ledger
