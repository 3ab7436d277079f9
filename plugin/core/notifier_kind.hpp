// SPDX-License-Identifier: MIT
/// @file
/// What the configuration reader has to know of a kind of notifier. The kinds themselves are rows
/// of one table in notifiers/notifier_factory.cpp; the reader gets the rows handed in, so that it
/// depends on no notifier and a new kind changes nothing in it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

namespace batch_notifier::core {

/// What the word after a notifier's keyword is.
enum class TargetForm : std::uint8_t {
  command,  ///< A command with its arguments; the first word is an absolute path.
  file,     ///< The absolute path of a file.
  url,      ///< An http://, https:// or unix:/ URL.
  socket,   ///< The absolute path of a UNIX socket.
};

/// What the value of an option is that only some kinds have.
enum class OptionValue : std::uint8_t {
  word,    ///< Any text that is not empty; the notifier checks the rest.
  file,    ///< The absolute path of a file.
  number,  ///< A decimal number from 0.
};

/// An option that only some kinds have. Its value is handed on in NotifierSettings::own_options.
struct OwnOption {
  std::string_view keyword;  ///< E.g. "ca_file".
  OptionValue value;         ///< What stands after it.
};

/// A kind of notifier, as the configuration reader sees it.
struct NotifierKind {
  std::string_view keyword;                   ///< The setting that asks for one.
  TargetForm target;                          ///< What it is given.
  std::span<const std::string_view> options;  ///< Keywords of the shared options that it takes.
  std::span<const OwnOption> own_options;     ///< Options that are its own.
  bool runs_command;                          ///< The target is executed.
  bool script_security;                       ///< enable_script_security can refuse the target.
  bool available;  ///< This version has it; otherwise its lines are refused by name.
};

/// The kind with this keyword, or null.
inline const NotifierKind* find_kind(std::span<const NotifierKind> kinds,
                                     std::string_view keyword) {
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const NotifierKind& kind) {
    return kind.keyword == keyword;
  });
  return found == kinds.end() ? nullptr : &*found;
}

}  // namespace batch_notifier::core
