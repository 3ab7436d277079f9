// SPDX-License-Identifier: MIT
/// @file
/// A D-Bus that hangs, loses signals or belongs to another keepalived: when it is asked, and when
/// it stops deciding.
#define BOOST_TEST_DYN_LINK
#include "core/dbus_trust.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/printing.hpp"  // IWYU pragma: keep
#include "tests/unit/judge_stage.hpp"
#include "tests/unit/scenario.hpp"

using namespace batch_notifier;
using namespace tests::judging;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(dbus_trust)

BOOST_AUTO_TEST_CASE(nothing_is_asked_and_no_timer_runs_while_all_witnesses_agree) {
  AgreedStage stage;
  BOOST_TEST(!stage.judge.deadline().has_value());
  stage.judge.step(fifo(VrrpState::fault), stage.now);
  stage.judge.step(dbus(VrrpState::fault), stage.now + 100ms);
  BOOST_TEST(!stage.judge.deadline().has_value());
  BOOST_TEST(stage.judge.take_questions().empty());
  BOOST_TEST(stage.judge.authority(0) == Witness::dbus);
}

BOOST_AUTO_TEST_CASE(a_silent_dbus_stops_deciding_within_two_seconds_of_the_fifo_line) {
  AgreedStage stage;
  stage.judge.step(fifo(VrrpState::fault), stage.now);
  BOOST_TEST(stage.judge.state(0) == VrrpState::master);
  stage.judge.pass(stage.now + core::follow_wait);
  BOOST_TEST(stage.judge.take_questions().size() == 1U);
  stage.judge.pass(stage.now + 2s);
  BOOST_TEST(stage.judge.state(0) == VrrpState::fault);
  BOOST_TEST(stage.judge.authority(0) == Witness::fifo);
  BOOST_TEST(stage.judge.take_questions().empty());
  // From now on the FIFO decides at once, and what D-Bus sends late decides nothing.
  stage.judge.step(fifo(VrrpState::backup), stage.now + 3s);
  BOOST_TEST(stage.judge.state(0) == VrrpState::backup);
  stage.judge.step(dbus(VrrpState::fault), stage.now + 4s);
  BOOST_TEST(stage.judge.state(0) == VrrpState::backup);
}

BOOST_AUTO_TEST_CASE(a_dbus_that_answers_again_decides_once_it_was_read_in_full) {
  AgreedStage stage;
  stage.judge.step(fifo(VrrpState::fault), stage.now);
  stage.judge.pass(stage.now + 2s);
  const MonotonicTime thaw = stage.now + 10s;
  stage.judge.step(dbus(VrrpState::backup), thaw);
  stage.judge.step(found_again, thaw);
  BOOST_TEST(stage.judge.step(dbus(VrrpState::fault, true), thaw).empty());
  BOOST_TEST(stage.judge.authority(0) == Witness::fifo);
  stage.judge.step(read_complete, thaw);
  BOOST_TEST(stage.judge.state(0) == VrrpState::fault);
  BOOST_TEST(stage.judge.authority(0) == Witness::dbus);
  BOOST_TEST(!stage.judge.deadline().has_value());
}

BOOST_AUTO_TEST_CASE(a_lost_signal_is_made_good_by_the_answer) {
  AgreedStage stage;
  stage.judge.step(fifo(VrrpState::fault), stage.now);
  stage.judge.pass(stage.now + core::follow_wait);
  BOOST_REQUIRE_EQUAL(stage.judge.take_questions().size(), 1U);
  stage.judge.step(dbus(VrrpState::fault, true), stage.now + core::follow_wait + 10ms);
  BOOST_TEST(stage.judge.state(0) == VrrpState::fault);
  BOOST_TEST(stage.judge.authority(0) == Witness::dbus);
  stage.judge.pass(stage.now + 1min);
  BOOST_TEST(stage.judge.take_questions().empty());
  BOOST_TEST(!stage.judge.deadline().has_value());
}

BOOST_AUTO_TEST_CASE(a_line_that_the_fifo_lost_does_not_overrule_signal_and_answer) {
  AgreedStage stage;
  stage.judge.step(fifo(VrrpState::backup), stage.now);
  stage.judge.step(dbus(VrrpState::backup), stage.now);
  // Another program has read the line of FAULT.
  const MonotonicTime later = stage.now + 3s;
  stage.judge.step(vips(0, false), stage.now);
  stage.judge.step(dbus(VrrpState::fault), later);
  BOOST_TEST(stage.judge.state(0) == VrrpState::fault);
  stage.judge.pass(later + core::follow_wait);
  BOOST_REQUIRE_EQUAL(stage.judge.take_questions().size(), 1U);
  stage.judge.step(dbus(VrrpState::fault, true), later + core::follow_wait + 10ms);
  stage.judge.pass(later + 1min);
  BOOST_TEST(stage.judge.state(0) == VrrpState::fault);
  BOOST_TEST(stage.judge.authority(0) == Witness::dbus);
  BOOST_TEST(!stage.judge.deadline().has_value());
}

BOOST_AUTO_TEST_CASE(an_overruling_ends_once_signals_without_lines_follow) {
  AgreedStage stage;
  // Another keepalived answers for ours: the FIFO decides.
  stage.judge.step(fifo(VrrpState::fault), stage.now);
  stage.judge.step(vips(0, false), stage.now);
  stage.judge.pass(stage.now + core::follow_wait);
  stage.judge.step(dbus(VrrpState::backup, true), stage.now + core::follow_wait);
  stage.judge.pass(stage.now + 2s);
  BOOST_REQUIRE(stage.judge.authority(0) == Witness::fifo);
  stage.judge.take_questions();
  // But then D-Bus signals what the kernel shows, and the FIFO has lost both lines.
  const MonotonicTime later = stage.now + 10s;
  stage.judge.step(vips(1, true), later);
  stage.judge.step(dbus(VrrpState::master), later);
  BOOST_TEST(stage.judge.state(0) == VrrpState::fault);
  stage.judge.pass(later + core::follow_wait);
  BOOST_REQUIRE_EQUAL(stage.judge.take_questions().size(), 1U);
  stage.judge.step(dbus(VrrpState::master, true), later + core::follow_wait + 10ms);
  stage.judge.pass(later + 1min);
  BOOST_TEST(stage.judge.state(0) == VrrpState::master);
  BOOST_TEST(stage.judge.authority(0) == Witness::dbus);
  BOOST_TEST(!stage.judge.deadline().has_value());
}

BOOST_AUTO_TEST_CASE(an_answer_that_the_fifo_follows_decides) {
  AgreedStage stage;
  stage.judge.step(fifo(VrrpState::fault), stage.now);
  stage.judge.pass(stage.now + core::follow_wait);
  // keepalived has gone on meanwhile, and its line is on the way.
  stage.judge.step(dbus(VrrpState::backup, true), stage.now + core::follow_wait);
  stage.judge.step(fifo(VrrpState::backup), stage.now + core::follow_wait + 10ms);
  stage.judge.pass(stage.now + 1min);
  BOOST_TEST(stage.judge.state(0) == VrrpState::backup);
  BOOST_TEST(stage.judge.authority(0) == Witness::dbus);
}

BOOST_AUTO_TEST_CASE(another_keepalived_on_the_bus_is_overruled_by_the_fifo_of_ours) {
  AgreedStage stage;
  stage.judge.step(vips(0, false), stage.now);
  stage.judge.step(fifo(VrrpState::fault), stage.now);
  stage.judge.pass(stage.now + core::follow_wait);
  // It runs the same instance elsewhere and answers, for itself.
  stage.judge.step(dbus(VrrpState::master, true), stage.now + core::follow_wait);
  stage.judge.pass(stage.now + 2s);
  BOOST_TEST(stage.judge.state(0) == VrrpState::fault);
  BOOST_TEST(stage.judge.authority(0) == Witness::fifo);
  stage.judge.step(dbus(VrrpState::master), stage.now + 3s);
  BOOST_TEST(stage.judge.state(0) == VrrpState::fault);
  stage.judge.step(fifo(VrrpState::backup), stage.now + 4s);
  BOOST_TEST(stage.judge.state(0) == VrrpState::backup);
  // Nothing is asked again and again.
  stage.judge.pass(stage.now + 1h);
  BOOST_TEST(stage.judge.take_questions().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_fifo_that_lost_a_line_is_corrected_where_the_kernel_sides_with_dbus) {
  AgreedStage stage;
  stage.judge.step(fifo(VrrpState::backup), stage.now);
  stage.judge.pass(stage.now + core::follow_wait);
  stage.judge.step(dbus(VrrpState::master, true), stage.now + core::follow_wait);
  stage.judge.pass(stage.now + 1min);
  BOOST_TEST(stage.judge.state(0) == VrrpState::master);
  BOOST_TEST(stage.judge.authority(0) == Witness::dbus);
  stage.judge.step(bus_lost, stage.now + 1min);
  BOOST_TEST(stage.judge.state(0) == VrrpState::master);
}

BOOST_AUTO_TEST_CASE(without_a_fifo_the_kernel_has_dbus_asked_once_per_change) {
  StagedJudge judge(topology_of(true));
  judge.step(kernel_read, start);
  judge.step(vips(1, true), start);
  judge.step(owner_found, start);
  judge.step(dbus(VrrpState::master, true), start);
  judge.step(read_complete, start);
  const MonotonicTime now = start + 1h;
  judge.pass(now);
  judge.step(vips(0, false), now);
  judge.pass(now + core::follow_kernel_wait);
  BOOST_TEST(judge.take_questions().size() == 1U);
  // The address was deleted by hand: D-Bus stands by MASTER.
  judge.step(dbus(VrrpState::master, true), now + core::follow_kernel_wait);
  judge.pass(now + 1h);
  BOOST_TEST(judge.take_questions().empty());
  BOOST_TEST(judge.state(0) == VrrpState::master);
  // No answer the next time.
  judge.step(vips(1, true), now + 1h);
  judge.step(vips(0, false), now + 1h);
  judge.pass(now + 1h + 2s);
  BOOST_TEST(judge.take_questions().size() == 1U);
  BOOST_TEST(judge.authority(0) == Witness::netlink);
}

BOOST_AUTO_TEST_CASE(a_stop_on_the_fifo_counts_although_dbus_is_silent_and_keepalived_ends) {
  AgreedStage stage;
  stage.judge.step(fifo(VrrpState::stop), stage.now);
  const auto verdicts = stage.judge.step(core::KeepalivedEnded{}, stage.now + 1s);
  BOOST_REQUIRE_EQUAL(verdicts.size(), 1U);
  BOOST_TEST(verdicts[0].state == VrrpState::stop);
  BOOST_TEST(verdicts[0].cause == core::Cause::shutdown);
  stage.judge.pass(stage.now + 1h);
  BOOST_TEST(stage.judge.state(0) == VrrpState::stop);
}

BOOST_AUTO_TEST_CASE(the_edges_may_give_up_an_answer_before_its_time) {
  AgreedStage stage;
  stage.judge.step(fifo(VrrpState::fault), stage.now);
  stage.judge.pass(stage.now + core::follow_wait);
  const auto verdicts = stage.judge.step(core::DbusSilent{}, stage.now + core::follow_wait + 10ms);
  BOOST_REQUIRE_EQUAL(verdicts.size(), 1U);
  BOOST_TEST(verdicts[0].state == VrrpState::fault);
}

BOOST_AUTO_TEST_CASE(the_engine_asks_by_place_in_the_configuration_and_delivers_in_two_seconds) {
  tests::Scenario scenario;
  for (int number = 0; number < 1000; ++number) {
    scenario.add_instance("VI_" + std::to_string(number));
  }
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.attempts().clear();
  const double cut = scenario.time();
  for (core::InstanceIndex index = 0; index < 1000; ++index) {
    scenario.happen(core::Observation(
        core::StateSeen{core::Witness::fifo, index, VrrpState::fault, false, std::nullopt}));
  }
  scenario.advance(10);
  BOOST_TEST(scenario.wanted<core::AskDbus>() == 1U);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  BOOST_TEST(scenario.attempts()[0].at - cut <= 2.0);
  BOOST_TEST(scenario.last().changes.size() == 1000U);
  for (const core::Change& change : scenario.last().changes) {
    BOOST_TEST(change.state == VrrpState::fault);
  }
}

BOOST_AUTO_TEST_SUITE_END()
