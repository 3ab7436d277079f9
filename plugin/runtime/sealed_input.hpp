// SPDX-License-Identifier: MIT
/// @file
/// Standard input for a command, whole from the start. With a pipe the plugin would have to write
/// piece by piece at the command's pace, and meet EPIPE when it reads nothing; a file in memory
/// avoids both, and its seals keep the command from changing it.
#pragma once

#include <string_view>

#include "runtime/unique_fd.hpp"

namespace batch_notifier::runtime {

/// A file in memory that holds `contents`, positioned at its start, close-on-exec. Nobody can write
/// to it any more. Where a limit on the size of files forbids it, a pipe that holds them. Throws
/// std::system_error, or std::runtime_error when they are larger than both allow.
UniqueFd make_sealed_input(std::string_view contents);

}  // namespace batch_notifier::runtime
