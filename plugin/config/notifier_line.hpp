// SPDX-License-Identifier: MIT
/// @file
/// The lines that name a consumer: what it is, and its options.
#pragma once

#include <string>
#include <vector>

#include "core/settings.hpp"

namespace batch_notifier::config {

/// What is wrong with a setting, as the start of a sentence; empty if nothing is.
using Complaint = std::string;

/// Reads the words of a notifier's line, keyword first, into `notifier`, whose kind is set. After a
/// complaint its content means nothing.
Complaint parse_notifier(const std::vector<std::string>& words, core::NotifierSettings& notifier);

}  // namespace batch_notifier::config
