// SPDX-License-Identifier: MIT
/// @file
/// Order after a test program that was interrupted or killed, when no destructor runs any more. It
/// cannot be done by the program itself, so a process of its own waits for the program's end and
/// removes what carries its number: network namespaces with everything that runs in them, and
/// directories. After a program that has ended by itself there is nothing of the kind.
#pragma once

#include <string>

namespace batch_notifier::tests {

/// Beginning of the names of this program's network namespaces.
std::string namespace_prefix();

/// Beginning of the paths of this program's temporary directories.
std::string directory_prefix();

/// Has the janitor wait, if it does not yet. Throws std::system_error when it cannot be started.
/// To be called before anything is made that it is to remove.
void call_janitor();

}  // namespace batch_notifier::tests
