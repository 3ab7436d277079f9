// SPDX-License-Identifier: MIT
/// @file
/// For tests that cannot hold with sanitizers: skipped by name there. The tests themselves are
/// built without them, so what the program was linked with is asked.
#pragma once

#include <boost/test/tree/test_unit.hpp>

// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): the sanitizer's name.
extern "C" void __asan_init() __attribute__((weak));

namespace batch_notifier::tests {

/// Whether the program has AddressSanitizer.
inline bool is_sanitized() {
  return &__asan_init != nullptr;
}

/// For boost::unit_test::precondition().
inline boost::test_tools::assertion_result is_not_sanitized(
    boost::unit_test::test_unit_id /*unit*/) {
  boost::test_tools::assertion_result result(!is_sanitized());
  result.message() << "not with sanitizers";
  return result;
}

}  // namespace batch_notifier::tests
