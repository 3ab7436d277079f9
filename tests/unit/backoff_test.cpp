// SPDX-License-Identifier: MIT
/// @file
/// Waits between attempts, and the words for them.
#define BOOST_TEST_DYN_LINK
#include "core/backoff.hpp"

#include <chrono>
#include <string>

#include <boost/test/unit_test.hpp>

#include "runtime/text.hpp"

using namespace batch_notifier;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(backoff)

BOOST_AUTO_TEST_CASE(waits_double_up_to_the_longest_and_begin_again_after_a_success) {
  core::Backoff waits(100ms, 500ms);
  BOOST_TEST((waits.next() == 100ms));
  BOOST_TEST((waits.next() == 200ms));
  BOOST_TEST((waits.next() == 400ms));
  BOOST_TEST((waits.next() == 500ms));
  BOOST_TEST((waits.next() == 500ms));
  waits.reset();
  BOOST_TEST((waits.next() == 100ms));
}

BOOST_AUTO_TEST_CASE(no_wait_is_longer_than_the_longest_and_none_overflows) {
  core::Backoff waits(1s, 300ms);
  BOOST_TEST((waits.next() == 300ms));
  core::Backoff days(1s, core::Duration::max());
  core::Duration last{0};
  for (int attempt = 0; attempt < 100; ++attempt) {
    const core::Duration wait = days.next();
    BOOST_TEST((wait >= last));
    last = wait;
  }
  BOOST_TEST((last == core::Duration::max()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(seconds_are_written_without_trailing_zeros) {
  BOOST_TEST(runtime::seconds_text(10s) == "10 s");
  BOOST_TEST(runtime::seconds_text(1500ms) == "1.5 s");
  BOOST_TEST(runtime::seconds_text(20ms) == "0.02 s");
  BOOST_TEST(runtime::seconds_text(400us) == "0 s");
  BOOST_TEST(runtime::seconds_text(1999600us) == "2 s");
}

BOOST_AUTO_TEST_CASE(one_of_a_kind_has_no_plural) {
  BOOST_TEST(runtime::count_text(1, "instance") == "1 instance");
  BOOST_TEST(runtime::count_text(0, "instance") == "0 instances");
  BOOST_TEST(runtime::count_text(12, "notifier") == "12 notifiers");
}

BOOST_AUTO_TEST_CASE(a_message_about_a_line_begins_with_file_and_line) {
  BOOST_TEST(runtime::location_prefix({"/etc/keepalived/keepalived.conf", 12}) ==
             "/etc/keepalived/keepalived.conf:12: ");
}

BOOST_AUTO_TEST_SUITE_END()
