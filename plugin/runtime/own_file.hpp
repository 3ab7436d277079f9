// SPDX-License-Identifier: MIT
/// @file
/// Files that are this program's alone, in a directory that only its user can write. Whatever else
/// is found in their place, a link, a FIFO, another user's file, is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/unique_fd.hpp"

namespace batch_notifier::runtime {

/// Throws a std::system_error with the present errno.
[[noreturn]] void throw_errno(const std::string& what);

/// Opens a regular file of our own; `flags` as for open(2), new ones with mode 0600. Never follows
/// a link and never blocks. Throws std::system_error or std::runtime_error.
UniqueFd open_own_file(const std::string& path, int flags);

/// Writes all of `text`; `path` is for the error. Throws std::system_error.
void write_whole(const UniqueFd& file, const std::string& path, std::string_view text);

/// Reads the file at `path` whole; nothing if there is none. Throws as open_own_file() does.
std::optional<std::string> read_own_file(const std::string& path);

}  // namespace batch_notifier::runtime
