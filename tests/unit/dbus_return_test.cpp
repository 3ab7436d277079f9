// SPDX-License-Identifier: MIT
/// @file
/// How a D-Bus that was doubted, or has been silent, comes to decide again: what counts as an
/// answer, and that nothing which was said before the silence is taken for the present.
#define BOOST_TEST_DYN_LINK
#include <chrono>

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

BOOST_AUTO_TEST_CASE(a_reading_that_the_silence_cut_short_does_not_bring_dbus_back) {
  StagedJudge judge(topology_of_several(2));
  judge.step(KeepalivedWatched{}, start);
  judge.step(vips(1, true, 0), start);
  judge.step(vips(1, true, 1), start);
  judge.step(kernel_read, start);
  judge.step(fifo_opened, start);
  judge.step(owner_found, start);
  judge.step(dbus(VrrpState::master, true, 0), start);
  judge.step(fifo(VrrpState::fault, 0), start + 100ms);
  judge.pass(start + 3s);
  BOOST_TEST(judge.state(0) == VrrpState::fault);
  judge.step(DbusInstanceAbsent{1}, start + 5s);
  judge.step(read_complete, start + 5s);
  judge.pass(start + 1h);
  BOOST_TEST(judge.state(0) == VrrpState::fault);
  BOOST_TEST(judge.authority(0) == Witness::fifo);
}

BOOST_AUTO_TEST_CASE(an_answer_from_before_the_silence_does_not_overwrite_the_fifo) {
  StagedJudge judge(topology_of_several(2));
  judge.step(kernel_read, start);
  judge.step(fifo_opened, start);
  judge.step(fifo(VrrpState::master, 1), start);
  judge.step(owner_found, start);
  judge.step(dbus(VrrpState::master, true, 0), start);
  judge.step(fifo(VrrpState::fault, 0), start);
  judge.pass(start + 3s);
  judge.step(fifo(VrrpState::fault, 1), start + 4s);
  judge.step(dbus(VrrpState::master, true, 1), start + 10s);
  BOOST_TEST(judge.state(1) == VrrpState::fault);
}

BOOST_AUTO_TEST_CASE(a_line_that_comes_while_dbus_is_read_again_is_newer_than_the_answer) {
  for (const bool line_first : {true, false}) {
    BOOST_TEST_CONTEXT((line_first ? "line, answer" : "answer, line")) {
      AgreedStage stage;
      stage.judge.step(fifo(VrrpState::fault), stage.now);
      stage.judge.pass(stage.now + 2s);
      const MonotonicTime thaw = stage.now + 10s;
      const Observation line = fifo(VrrpState::backup);
      const Observation older = dbus(VrrpState::fault, true);
      stage.judge.step(found_again, thaw);
      stage.judge.step(line_first ? line : older, thaw);
      stage.judge.step(line_first ? older : line, thaw);
      stage.judge.step(read_complete, thaw);
      BOOST_TEST(stage.judge.state(0) == VrrpState::backup);
      // The signal follows its line, and D-Bus decides again.
      stage.judge.step(dbus(VrrpState::backup), thaw + 10ms);
      BOOST_TEST(stage.judge.authority(0) == Witness::dbus);
      BOOST_TEST(stage.judge.state(0) == VrrpState::backup);
      BOOST_TEST(!stage.judge.deadline().has_value());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_former_keepalived_that_is_heard_late_is_not_taken_for_a_new_one) {
  AgreedStage stage(2);
  for (const InstanceIndex instance : {0, 1}) {
    stage.judge.step(vips(0, false, instance), stage.now);
    stage.judge.step(fifo(VrrpState::stop, instance), stage.now);
  }
  stage.judge.pass(stage.now + 700ms);
  stage.judge.step(KeepalivedEnded{}, stage.now + 1020ms);
  stage.judge.step(FifoLost{/*closed=*/true}, stage.now + 1020ms);
  const MonotonicTime thaw = stage.now + 10s;
  stage.judge.pass(thaw);
  stage.judge.step(dbus(VrrpState::stop, false, 0), thaw);
  stage.judge.step(found_again, thaw);
  stage.judge.step(dbus(VrrpState::stop, false, 1), thaw);
  stage.judge.pass(thaw + 1s);
  BOOST_TEST(stage.judge.state(1) == VrrpState::stop);
  stage.judge.step(owner_lost, thaw + 1s);
  stage.judge.pass(thaw + 1h);
  BOOST_TEST(stage.judge.state(0) == VrrpState::stop);
  BOOST_TEST(stage.judge.state(1) == VrrpState::stop);
}

BOOST_AUTO_TEST_CASE(without_a_fifo_a_silent_dbus_leaves_the_kernels_news_and_old_disputes) {
  AgreedStage stage(2, /*with_fifo=*/false);
  // An address deleted by hand: D-Bus is asked, and stands by MASTER.
  stage.judge.step(vips(0, false, 0), stage.now);
  stage.judge.pass(stage.now + core::follow_kernel_wait);
  stage.judge.step(dbus(VrrpState::master, true, 0), stage.now + core::follow_kernel_wait);
  const MonotonicTime cut = stage.now + 1min;
  stage.judge.step(vips(0, false, 1), cut);
  stage.judge.pass(cut + 2s);
  BOOST_TEST(stage.judge.authority(1) == Witness::netlink);
  BOOST_TEST(stage.judge.state(1) == VrrpState::backup);
  BOOST_TEST(stage.judge.state(0) == VrrpState::master);
  // Nothing changes while it is being read again.
  stage.judge.step(found_again, cut + 1h);
  stage.judge.step(dbus(VrrpState::master, true, 0), cut + 1h);
  stage.judge.step(dbus(VrrpState::backup, true, 1), cut + 1h);
  BOOST_TEST(stage.judge.state(0) == VrrpState::master);
  stage.judge.step(read_complete, cut + 1h);
  BOOST_TEST(stage.judge.state(0) == VrrpState::master);
  BOOST_TEST(stage.judge.authority(0) == Witness::dbus);
}

BOOST_AUTO_TEST_CASE(each_question_has_a_deadline_of_its_own) {
  AgreedStage stage(2);
  stage.judge.step(fifo(VrrpState::fault, 0), stage.now);
  stage.judge.step(fifo(VrrpState::fault, 1), stage.now + 900ms);
  stage.judge.pass(stage.now + 1400ms);
  stage.judge.step(dbus(VrrpState::fault, true, 0), stage.now + 1400ms);
  stage.judge.pass(stage.now + 1600ms);
  BOOST_TEST(stage.judge.authority(1) == Witness::dbus);
  stage.judge.step(dbus(VrrpState::fault, true, 1), stage.now + 1600ms);
  stage.judge.pass(stage.now + 1h);
  BOOST_TEST(stage.judge.authority(0) == Witness::dbus);
  BOOST_TEST(stage.judge.authority(1) == Witness::dbus);
  BOOST_TEST(stage.judge.statistics.value(core::Counter::dbus_silences) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
