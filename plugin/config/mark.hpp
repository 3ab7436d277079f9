// SPDX-License-Identifier: MIT
/// @file
/// The word with which the lines for this program begin. keepalived takes "@WORD" for a line of the
/// node whose config id is WORD and passes over it, so our lines disturb it nowhere; and so does a
/// typing error in the word, which would else be noticed by nobody.
#pragma once

#include <string_view>

namespace batch_notifier::config {

/// What a setting begins with, as a word of its own.
inline constexpr std::string_view setting_mark = "@batch_notifier";

/// Whether `word`, behind the "@" of a line for another node, is a typing error for the mark: at
/// most two letters away from it.
bool is_misspelt_mark(std::string_view word);

}  // namespace batch_notifier::config
