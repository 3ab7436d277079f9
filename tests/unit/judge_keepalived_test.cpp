// SPDX-License-Identifier: MIT
/// @file
/// Whether keepalived is still there, and what becomes of what it has said.
#define BOOST_TEST_DYN_LINK
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/printing.hpp"  // IWYU pragma: keep
#include "tests/unit/judge_stage.hpp"

using namespace batch_notifier;
using namespace tests::judging;

BOOST_AUTO_TEST_SUITE(judge_of_keepalived)

BOOST_AUTO_TEST_CASE(an_owner_that_stays_away_makes_all_but_the_stopped_unknown) {
  core::Topology topology = topology_of(true);
  topology.instances.push_back(topology.instances[0]);
  StagedJudge judge(topology);
  judge.step(kernel_read, start);
  judge.step(owner_found, start);
  judge.step(dbus(VrrpState::master, true), start);
  judge.step(dbus(VrrpState::stop, false, 1), start);
  judge.step(read_complete, start);
  judge.step(owner_lost, start);
  BOOST_TEST(judge.step(vips(0, false), start).empty());
  const core::MonotonicTime later = start + core::respawn_grace;
  BOOST_TEST(judge.step(later - core::Duration(1)).empty());
  const auto verdicts = judge.step(later);
  BOOST_REQUIRE_EQUAL(verdicts.size(), 1U);
  BOOST_TEST(verdicts[0].state == VrrpState::unknown);
  BOOST_TEST(verdicts[0].cause == core::Cause::lost);
  BOOST_TEST(judge.state(1) == VrrpState::stop);
  // Orphaned VIPs make nobody MASTER.
  BOOST_TEST(judge.step(vips(1, true), later).empty());
}

BOOST_AUTO_TEST_CASE(without_a_bus_a_closed_fifo_means_that_keepalived_is_gone) {
  JudgeStage stage(false);
  StagedJudge& judge = stage.judge;
  judge.step(kernel_read, start);
  judge.step(vips(1, true), start);
  judge.step(core::FifoOpened{}, start);
  judge.step(fifo(VrrpState::master), start);
  judge.step(core::FifoLost{true}, start);
  const auto verdicts = judge.step(start + core::respawn_grace);
  BOOST_REQUIRE_EQUAL(verdicts.size(), 1U);
  BOOST_TEST(verdicts[0].state == VrrpState::unknown);
  // The states of the next keepalived count again, and so does the kernel.
  judge.step(core::FifoOpened{}, start + std::chrono::seconds(2));
  judge.step(vips(0, false), start + std::chrono::seconds(2));
  BOOST_TEST(judge.state(0) == VrrpState::backup);
}

BOOST_AUTO_TEST_CASE(reports_on_the_fifo_count_on_when_a_running_keepalived_opens_it_again) {
  JudgeStage stage(false);
  StagedJudge& judge = stage.judge;
  judge.step(core::KeepalivedWatched{}, start);
  judge.step(kernel_read, start);
  judge.step(fifo_opened, start);
  judge.step(fifo(VrrpState::fault), start);
  const core::MonotonicTime closed = start + std::chrono::minutes(1);
  BOOST_TEST(judge.step(core::FifoLost{true}, closed).empty());
  BOOST_TEST((judge.last_report(0) == VrrpState::fault));
  // Somebody adds the VIP by hand.
  BOOST_TEST(judge.step(vips(1, true), closed).empty());
  judge.step(fifo_opened, closed);
  BOOST_TEST(judge.step(closed + std::chrono::minutes(1)).empty());
  BOOST_TEST(judge.authority(0) == Witness::fifo);
  // Not opened again.
  const core::MonotonicTime closed_for_good = closed + std::chrono::minutes(2);
  judge.step(core::FifoLost{true}, closed_for_good);
  judge.step(closed_for_good + core::respawn_grace);
  BOOST_TEST(!judge.last_report(0).has_value());
  BOOST_TEST(judge.authority(0) == Witness::netlink);
}

BOOST_AUTO_TEST_CASE(reports_of_a_closed_fifo_yield_to_dbus) {
  JudgeStage stage(true);
  StagedJudge& judge = stage.judge;
  judge.step(core::KeepalivedWatched{}, start);
  judge.step(kernel_read, start);
  judge.step(bus_lost, start);
  judge.step(fifo_opened, start);
  judge.step(fifo(VrrpState::fault), start);
  judge.step(core::FifoLost{true}, start);
  judge.step(owner_found, start);
  judge.step(dbus(VrrpState::backup, true), start);
  judge.step(read_complete, start);
  judge.step(start + std::chrono::minutes(1));
  judge.step(bus_lost, start + std::chrono::minutes(1));
  BOOST_TEST(judge.state(0) == VrrpState::backup);
  BOOST_TEST(judge.authority(0) == Witness::netlink);
}

BOOST_AUTO_TEST_CASE(reports_of_an_ended_keepalived_on_the_fifo_do_not_count_again) {
  const core::Topology topology = topology_of(false);
  for (const bool closed : {false, true}) {
    StagedJudge judge(topology);
    judge.step(core::KeepalivedWatched{}, start);
    judge.step(kernel_read, start);
    judge.step(vips(1, true), start);
    judge.step(fifo_opened, start);
    judge.step(fifo(VrrpState::master), start);
    if (closed) {
      judge.step(core::FifoLost{true}, start);
    }
    judge.step(core::KeepalivedEnded{}, start);
    judge.step(start + core::respawn_grace);
    BOOST_TEST(judge.state(0) == VrrpState::unknown);
    judge.step(vips(0, false), start + std::chrono::minutes(1));
    judge.step(start + std::chrono::minutes(1));
    BOOST_TEST(judge.state(0) == VrrpState::unknown);
  }
}

BOOST_AUTO_TEST_CASE(an_owner_that_a_dying_bus_reports_lost_is_not_gone) {
  JudgeStage stage(true);
  StagedJudge& judge = stage.judge;
  judge.step(kernel_read, start);
  judge.step(vips(1, true), start);
  judge.step(owner_found, start);
  judge.step(dbus(VrrpState::master, true), start);
  judge.step(read_complete, start);
  judge.step(owner_lost, start);
  judge.step(bus_lost, start);
  judge.step(start + std::chrono::minutes(1));
  BOOST_TEST(judge.state(0) == VrrpState::master);
}

BOOST_AUTO_TEST_CASE(an_ended_process_is_gone_although_bus_and_fifo_seem_alive) {
  struct Witnesses {
    std::string name;
    std::vector<Observation> before;
    std::vector<Observation> after;
  };
  const std::vector<Witnesses> cases = {
      {"nobody but the kernel is left", {bus_lost}, {}},
      {"somebody else has the name on the bus",
       {owner_found, dbus(VrrpState::master, true), read_complete},
       {}},
      {"the bus dies with it",
       {owner_found, dbus(VrrpState::master, true), read_complete},
       {owner_lost, bus_lost}},
      {"others keep the FIFO open", {fifo_opened, fifo(VrrpState::master)}, {}},
  };
  for (const Witnesses& each : cases) {
    BOOST_TEST_CONTEXT(each.name) {
      JudgeStage stage(true);
      StagedJudge& judge = stage.judge;
      judge.restore(0, VrrpState::master);
      judge.step(kernel_read, start);
      judge.step(vips(1, true), start);
      for (const Observation& observation : each.before) {
        judge.step(observation, start);
      }
      judge.step(core::KeepalivedEnded{}, start);
      for (const Observation& observation : each.after) {
        judge.step(observation, start);
      }
      BOOST_TEST(judge.state(0) == VrrpState::master);
      const auto verdicts = judge.step(start + core::respawn_grace);
      BOOST_REQUIRE_EQUAL(verdicts.size(), 1U);
      BOOST_TEST(verdicts[0].state == VrrpState::unknown);
      BOOST_TEST(verdicts[0].cause == core::Cause::lost);
      BOOST_TEST(judge.settled());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_lost_owner_is_not_the_end_of_a_process_that_runs) {
  for (const bool fifo_known : {true, false}) {
    BOOST_TEST_CONTEXT((fifo_known ? "the FIFO decides" : "the kernel decides")) {
      JudgeStage stage(true);
      StagedJudge& judge = stage.judge;
      judge.step(core::KeepalivedWatched{}, start);
      judge.step(kernel_read, start);
      judge.step(owner_found, start);
      judge.step(dbus(VrrpState::fault, true), start);
      judge.step(read_complete, start);
      if (fifo_known) {
        judge.step(fifo_opened, start);
        judge.step(fifo(VrrpState::fault), start);
      }
      judge.step(owner_lost, start);
      judge.step(start + core::respawn_grace);
      BOOST_TEST(judge.state(0) == VrrpState::fault);
      BOOST_TEST((judge.authority(0) == (fifo_known ? Witness::fifo : Witness::netlink)));
      judge.step(core::KeepalivedEnded{}, start + core::respawn_grace);
      judge.step(start + 2 * core::respawn_grace);
      BOOST_TEST(judge.state(0) == VrrpState::unknown);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_ended_process_that_is_started_again_is_no_news) {
  JudgeStage stage(true);
  StagedJudge& judge = stage.judge;
  judge.step(kernel_read, start);
  judge.step(core::KeepalivedEnded{}, start);
  judge.step(owner_found, start);
  judge.step(dbus(VrrpState::backup, true), start);
  judge.step(read_complete, start);
  judge.step(start + std::chrono::seconds(1));
  BOOST_TEST(judge.state(0) == VrrpState::backup);
}

BOOST_AUTO_TEST_SUITE_END()
