// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "sources/dbus_reading.hpp"

#include <vector>

#include <boost/test/unit_test.hpp>

namespace {

using batch_notifier::core::InstanceIndex;
using batch_notifier::core::VrrpState;
using batch_notifier::sources::DbusReading;

/// Puts every question that may be put now; its serial number is 100 more than the instance.
std::vector<InstanceIndex> ask_all(DbusReading& reading) {
  std::vector<InstanceIndex> asked;
  while (const auto instance = reading.next()) {
    reading.asked(*instance, static_cast<std::uint32_t>(100 + *instance));
    asked.push_back(*instance);
  }
  return asked;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dbus_reading)

BOOST_AUTO_TEST_CASE(nothing_to_read_is_finished) {
  DbusReading reading({}, 2);
  BOOST_TEST(reading.finished());
  BOOST_TEST(!reading.next().has_value());
}

BOOST_AUTO_TEST_CASE(the_number_of_unanswered_questions_is_limited) {
  DbusReading reading({0, 1, 2, 3}, 2);
  BOOST_TEST(ask_all(reading) == (std::vector<InstanceIndex>{0, 1}));
  BOOST_TEST(reading.answered(101)->instance == 1U);
  BOOST_TEST(ask_all(reading) == (std::vector<InstanceIndex>{2}));
  BOOST_TEST(reading.answered(100)->instance == 0U);
  BOOST_TEST(reading.answered(102)->instance == 2U);
  BOOST_TEST(!reading.finished());
  BOOST_TEST(ask_all(reading) == (std::vector<InstanceIndex>{3}));
  BOOST_TEST(reading.answered(103)->instance == 3U);
  BOOST_TEST(reading.finished());
}

BOOST_AUTO_TEST_CASE(unknown_and_repeated_answers_are_none) {
  DbusReading reading({0}, 2);
  ask_all(reading);
  BOOST_TEST(!reading.answered(7).has_value());
  BOOST_TEST(reading.answered(100).has_value());
  BOOST_TEST(!reading.answered(100).has_value());
}

BOOST_AUTO_TEST_CASE(signal_since_the_question_is_remembered) {
  DbusReading reading({0, 1, 2}, 2);
  ask_all(reading);
  reading.signalled(0, VrrpState::master);
  reading.signalled(0, VrrpState::fault);
  reading.signalled(2, VrrpState::master);
  BOOST_TEST((reading.answered(100)->signal == VrrpState::fault));
  BOOST_TEST(!reading.answered(101)->signal.has_value());
  ask_all(reading);
  // The signal of instance 2 came before its question, whose answer is therefore newer.
  BOOST_TEST(!reading.answered(102)->signal.has_value());
  reading.ask_again(0);
  BOOST_TEST(!reading.finished());
  BOOST_TEST(ask_all(reading) == (std::vector<InstanceIndex>{0}));
  BOOST_TEST(!reading.answered(100)->signal.has_value());
}

BOOST_AUTO_TEST_CASE(missing_are_those_of_which_nothing_is_known) {
  DbusReading reading({0, 1, 2, 3, 4}, 2);
  ask_all(reading);
  reading.answered(100);
  reading.signalled(3, VrrpState::backup);
  BOOST_TEST(reading.missing() == (std::vector<InstanceIndex>{1, 2, 4}));
}

BOOST_AUTO_TEST_SUITE_END()
