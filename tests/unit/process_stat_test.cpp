// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "runtime/process_stat.hpp"

#include <unistd.h>

#include <array>
#include <limits>
#include <optional>
#include <string>

#include <boost/test/unit_test.hpp>
#include <sys/prctl.h>

using batch_notifier::runtime::ProcessStat;
using batch_notifier::runtime::read_process_stat;

BOOST_AUTO_TEST_SUITE(process_stat)

BOOST_AUTO_TEST_CASE(a_name_may_hold_anything) {
  std::array<char, 16> former{};
  prctl(PR_GET_NAME, former.data());
  for (const std::string name : {"keepalived_vrrp", ") (", "a) S 1 2\n3 (b", ")", ""}) {
    prctl(PR_SET_NAME, name.c_str());
    const std::optional<ProcessStat> self = read_process_stat(getpid());
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST_REQUIRE(self.has_value());
      BOOST_TEST(self->name == name);
      BOOST_TEST(self->pid == getpid());
      BOOST_TEST(self->parent == getppid());
      BOOST_TEST(self->started > 0U);
    }
  }
  prctl(PR_SET_NAME, former.data());
}

BOOST_AUTO_TEST_CASE(the_start_time_of_a_process_does_not_change) {
  const std::optional<ProcessStat> self = read_process_stat(getpid());
  const std::optional<ProcessStat> first = read_process_stat(1);
  BOOST_TEST_REQUIRE(self.has_value());
  BOOST_TEST(read_process_stat(getpid())->started == self->started);
  // Whoever is process 1 here was there before us.
  BOOST_TEST_REQUIRE(first.has_value());
  BOOST_TEST(first->started <= self->started);
}

BOOST_AUTO_TEST_CASE(a_process_that_does_not_exist_has_no_stat) {
  BOOST_TEST(!read_process_stat(0).has_value());
  BOOST_TEST(!read_process_stat(-1).has_value());
  BOOST_TEST(!read_process_stat(std::numeric_limits<pid_t>::max()).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
