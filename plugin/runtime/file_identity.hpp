// SPDX-License-Identifier: MIT
/// @file
/// Which file is meant. A path is not enough: what keepalived, another worker or an administrator
/// unlinks and makes again is another file, and what was written into the one is not in the other.
#pragma once

#include <string>

#include "runtime/unique_fd.hpp"

namespace batch_notifier::runtime {

/// Whether `path` itself, not what a link there leads to, is the file that is open as `file`.
/// False where one of them is not there.
bool is_in_place(const UniqueFd& file, const std::string& path);

/// Tells the file at `path` from any other that was or will be there, as far as the file system
/// knows when a file was made; empty if there is none.
std::string file_identity(const std::string& path);
/// The same of the file that is open as `file`; empty for none.
std::string file_identity(const UniqueFd& file);

}  // namespace batch_notifier::runtime
