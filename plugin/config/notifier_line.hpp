// SPDX-License-Identifier: MIT
/// @file
/// The lines that configure a notifier: its target and its options. Which kinds there are, and
/// which options each takes, is data that the caller hands in.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/notifier_kind.hpp"
#include "core/settings.hpp"

namespace batch_notifier::config {

/// What is wrong with a setting, as the start of a sentence; empty if nothing is.
using Complaint = std::string;

/// Reads the words of a notifier's line, keyword first, into `notifier`. `kind` is the keyword's
/// row of `kinds`; the other rows serve to recognise options of other kinds. After a complaint the
/// content of `notifier` means nothing.
Complaint parse_notifier(const std::vector<std::string>& words, const core::NotifierKind& kind,
                         std::span<const core::NotifierKind> kinds,
                         core::NotifierSettings& notifier);

}  // namespace batch_notifier::config
