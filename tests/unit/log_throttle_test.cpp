// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "runtime/log_throttle.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/recording_log.hpp"

using namespace batch_notifier;

BOOST_AUTO_TEST_SUITE(log_throttle)

BOOST_AUTO_TEST_CASE(one_message_a_minute_and_how_many_were_held_back) {
  tests::RecordingLog log;
  runtime::LogThrottle throttle;
  const auto at = [&](int second) {
    throttle.write(log, runtime::Severity::warning, std::to_string(second),
                   core::MonotonicTime(std::chrono::seconds(second)));
  };
  for (const int second : {1000, 1001, 1059, 1060, 1120, 1121, 1500}) {
    at(second);
  }
  const std::vector<std::string> expected{"1000", "1060 (2 more not logged)", "1120",
                                          "1500 (1 more not logged)"};
  BOOST_TEST(log.messages == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
