// SPDX-License-Identifier: MIT
/// @file
/// Lines to words. keepalived has three ways of looking at a quote, and all of them matter: while
/// comments are cut off, while a line is split, and while a command is split.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batch_notifier::config {

/// Blank or tab: all that keepalived's line rules call white space.
constexpr bool is_blank(char character) {
  return character == ' ' || character == '\t';
}

/// `text` without leading blanks.
std::string_view skip_blanks(std::string_view text);

/// Takes a comment and the blanks at both ends off a line. `#` and `!` start one unless in `"…"` or
/// behind a backslash, which goes. A backslash that ends the line stays, as its last character.
void strip_comment(std::string& line);

/// Splits a line of keepalived's at white space and at `"…"`, in which nothing is special. The
/// words stop before a quote that is not closed.
std::vector<std::string> split_words(std::string_view line);

/// Splits as keepalived does for scripts: `"…"` and `'…'` group, also within a word, and backslash
/// escapes are those of C with control characters and ESC. Nothing if a quote is not closed, a
/// backslash ends the text, or an escape stands for a NUL, which no argument can hold.
std::optional<std::vector<std::string>> split_command(std::string_view text);

}  // namespace batch_notifier::config
