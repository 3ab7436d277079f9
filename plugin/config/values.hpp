// SPDX-License-Identifier: MIT
/// @file
/// Words to numbers, times and addresses; the same in every locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/address.hpp"
#include "core/time.hpp"

namespace batch_notifier::config {

/// The longest time that can be configured: a day.
inline constexpr core::Duration longest_time{std::int64_t{86'400} * 1'000'000};

/// A decimal number of digits only, from `least` to `most`.
std::optional<std::uint64_t> parse_number(std::string_view word, std::uint64_t least,
                                          std::uint64_t most);

/// Decimal seconds such as "1", "0.25" or ".5", rounded to the microsecond, up to longest_time.
std::optional<core::Duration> parse_seconds(std::string_view word);

/// An IP address without prefix length.
std::optional<core::IpAddress> parse_address(const std::string& word);

}  // namespace batch_notifier::config
