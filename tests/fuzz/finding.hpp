// SPDX-License-Identifier: MIT
/// @file
/// How a fuzzer says that a promise was broken: a line on standard error, then abort(), which
/// libFuzzer takes for a crash and answers by keeping the input.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace batch_notifier::fuzz {

/// Ends the process with a finding unless the promise was kept.
inline void require(bool kept, std::string_view promise) {
  if (!kept) {
    std::cerr << "broken promise: " << promise << std::endl;
    std::abort();
  }
}

}  // namespace batch_notifier::fuzz
