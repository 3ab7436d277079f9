// SPDX-License-Identifier: MIT
/// @file
/// Words for numbers, errors and places, written alike in every message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "core/topology.hpp"

namespace batch_notifier::runtime {

/// The C library's text for an errno value, e.g. "No such file or directory".
std::string errno_text(int error);

/// "1.5 s", "10 s": seconds without trailing zeros, rounded to a millisecond.
std::string seconds_text(core::Duration duration);

/// "1 instance", "2 instances", "0 instances": a count with its noun, whose plural adds an s.
std::string count_text(std::size_t count, std::string_view noun);

/// "FILE:LINE: ", with which every message about a line of the configuration begins.
std::string location_prefix(const core::SourceLocation& location);

}  // namespace batch_notifier::runtime
