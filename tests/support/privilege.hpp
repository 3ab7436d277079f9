// SPDX-License-Identifier: MIT
/// @file
/// For tests that need root: skipped by name without it.
#pragma once

#include <unistd.h>

#include <boost/test/tree/test_unit.hpp>

namespace batch_notifier::tests {

/// For boost::unit_test::precondition().
inline boost::test_tools::assertion_result is_root(boost::unit_test::test_unit_id /*unit*/) {
  boost::test_tools::assertion_result result(geteuid() == 0);
  result.message() << "needs root";
  return result;
}

}  // namespace batch_notifier::tests
