// SPDX-License-Identifier: MIT
/// @file
/// How a D-Bus that was doubted, or has been silent, comes to decide again: what counts as an
/// answer, and that nothing which was said before the silence is taken for the present.
#define BOOST_TEST_DYN_LINK
#include <chrono>
#include <cstdint>

#include <boost/test/unit_test.hpp>

#include "core/dbus_trust.hpp"
#include "tests/support/printing.hpp"  // IWYU pragma: keep
#include "tests/unit/judge_stage.hpp"

using namespace batch_notifier;
using namespace tests::judging;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(dbus_return)

BOOST_AUTO_TEST_CASE(an_answer_that_there_is_no_such_instance_costs_dbus_nothing_else) {
  AgreedStage stage(2);
  stage.judge.step(fifo(VrrpState::fault, 0), stage.now);
  stage.judge.pass(stage.now + core::follow_wait);
  BOOST_REQUIRE_EQUAL(stage.judge.take_questions().size(), 1U);
  stage.judge.step(absent, stage.now + core::follow_wait + 10ms);
  BOOST_TEST(stage.judge.state(0) == VrrpState::fault);
  BOOST_TEST(stage.judge.authority(0) == Witness::fifo);
  BOOST_TEST(!stage.judge.deadline().has_value());
  stage.judge.pass(stage.now + 10s);
  BOOST_TEST(stage.judge.statistics.value(core::Counter::dbus_silences) == 0U);
  stage.judge.step(dbus(VrrpState::backup, false, 1), stage.now + 11s);
  BOOST_TEST(stage.judge.state(1) == VrrpState::backup);
  BOOST_TEST(stage.judge.authority(1) == Witness::dbus);
}

BOOST_AUTO_TEST_SUITE_END()
