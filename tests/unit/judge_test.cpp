// SPDX-License-Identifier: MIT
/// @file
/// Who is believed: tables of what the witnesses say and what follows.
#define BOOST_TEST_DYN_LINK
#include "core/judge.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/printing.hpp"  // IWYU pragma: keep
#include "tests/unit/judge_stage.hpp"

using namespace batch_notifier;
using core::Observation;
using core::VrrpState;
using core::Witness;
using namespace tests::judging;

namespace {

struct Case {
  std::string name;
  bool dbus_enabled;
  std::vector<Observation> observations;
  VrrpState state;
  Witness authority;
};

/// What a judge makes of each case's observations, which all come at once.
void check(const std::vector<Case>& cases) {
  for (const Case& expected : cases) {
    BOOST_TEST_CONTEXT(expected.name) {
      const core::Topology topology = topology_of(expected.dbus_enabled);
      StagedJudge judge(topology);
      for (const Observation& observation : expected.observations) {
        judge.step(observation, start);
      }
      BOOST_TEST(to_string(judge.state(0)) == to_string(expected.state));
      BOOST_TEST(to_string(judge.authority(0)) == to_string(expected.authority));
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(judge)

BOOST_AUTO_TEST_CASE(the_kernel_decides_where_nobody_else_can) {
  check({
      {"nothing heard", true, {}, VrrpState::init, Witness::netlink},
      {"the kernel waits for D-Bus at the start",
       true,
       {kernel_read, vips(1, true)},
       VrrpState::init,
       Witness::netlink},
      {"without enable_dbus it does not",
       false,
       {kernel_read, vips(1, true)},
       VrrpState::master,
       Witness::netlink},
      {"no VIP means BACKUP",
       false,
       {kernel_read, vips(0, false)},
       VrrpState::backup,
       Witness::netlink},
      {"only the first VIP counts",
       false,
       {kernel_read, vips(1, false)},
       VrrpState::backup,
       Witness::netlink},
      {"nothing is concluded from an incomplete read",
       false,
       {vips(1, true)},
       VrrpState::init,
       Witness::netlink},
      {"a kernel that cannot be read decides nothing",
       false,
       {kernel_read, vips(1, true), kernel_lost, vips(0, false)},
       VrrpState::master,
       Witness::netlink},
  });
}

BOOST_AUTO_TEST_CASE(the_best_witness_available_decides) {
  check({
      {"a read on D-Bus",
       true,
       {owner_found, dbus(VrrpState::fault, true)},
       VrrpState::fault,
       Witness::dbus},
      {"D-Bus beats the kernel",
       true,
       {kernel_read, owner_found, dbus(VrrpState::backup), read_complete, vips(1, true)},
       VrrpState::backup,
       Witness::dbus},
      {"D-Bus beats the FIFO",
       true,
       {owner_found, dbus(VrrpState::backup), read_complete, fifo(VrrpState::master)},
       VrrpState::backup,
       Witness::dbus},
      {"the FIFO beats the kernel",
       false,
       {kernel_read, vips(0, false), fifo(VrrpState::master)},
       VrrpState::master,
       Witness::fifo},
      {"an instance that D-Bus does not know is the kernel's",
       true,
       {kernel_read, vips(1, true), owner_found, absent},
       VrrpState::master,
       Witness::netlink},
      {"INIT from keepalived says nothing",
       true,
       {owner_found, dbus(VrrpState::backup), dbus(VrrpState::init)},
       VrrpState::backup,
       Witness::dbus},
      {"a FIFO that speaks or gives a priority says no state",
       false,
       {fifo_opened, priority_seen},
       VrrpState::init,
       Witness::netlink},
      {"while keepalived is being read the kernel does not interfere",
       true,
       {kernel_read, vips(1, true), owner_found, dbus(VrrpState::master), read_complete, owner_lost,
        owner_found, vips(0, false)},
       VrrpState::master,
       Witness::dbus},
  });
}

BOOST_AUTO_TEST_CASE(losing_the_bus_leaves_the_next_witness) {
  check({
      {"losing the bus leaves MASTER to the kernel",
       true,
       {kernel_read, vips(1, true), owner_found, dbus(VrrpState::master), read_complete, bus_lost},
       VrrpState::master,
       Witness::netlink},
      {"the kernel cannot tell FAULT from BACKUP and leaves it",
       true,
       {kernel_read, owner_found, dbus(VrrpState::fault), read_complete, bus_lost, vips(0, false)},
       VrrpState::fault,
       Witness::netlink},
      {"but it can tell MASTER",
       true,
       {kernel_read, owner_found, dbus(VrrpState::fault), read_complete, bus_lost, vips(1, true)},
       VrrpState::master,
       Witness::netlink},
      {"losing the bus leaves the FIFO its newest state",
       true,
       {kernel_read, owner_found, fifo(VrrpState::fault), dbus(VrrpState::fault), read_complete,
        bus_lost},
       VrrpState::fault,
       Witness::fifo},
      {"D-Bus comes back",
       true,
       {kernel_read, vips(1, true), owner_found, dbus(VrrpState::master), read_complete, bus_lost,
        owner_found, dbus(VrrpState::master, true), read_complete},
       VrrpState::master,
       Witness::dbus},
  });
}

BOOST_AUTO_TEST_CASE(losing_the_fifo_leaves_the_next_witness) {
  check({
      {"losing the FIFO leaves the kernel, which agrees",
       false,
       {kernel_read, vips(1, true), fifo_opened, fifo(VrrpState::master), fifo_lost},
       VrrpState::master,
       Witness::netlink},
      {"losing the FIFO leaves the kernel, which knows better",
       false,
       {kernel_read, fifo_opened, fifo(VrrpState::backup), vips(1, true), fifo_lost},
       VrrpState::master,
       Witness::netlink},
      {"losing the FIFO leaves FAULT alone",
       false,
       {kernel_read, vips(0, false), fifo_opened, fifo(VrrpState::fault), fifo_lost},
       VrrpState::fault,
       Witness::netlink},
      {"losing the FIFO means nothing while the kernel is unknown",
       false,
       {fifo_opened, fifo(VrrpState::master), fifo_lost},
       VrrpState::master,
       Witness::fifo},
      {"losing the FIFO means nothing to D-Bus",
       true,
       {owner_found, dbus(VrrpState::master), read_complete, fifo(VrrpState::fault), fifo_lost},
       VrrpState::master,
       Witness::dbus},
      {"what a lost FIFO said is not believed when the bus goes too",
       true,
       {kernel_read, vips(1, true), owner_found, fifo(VrrpState::fault), dbus(VrrpState::master),
        read_complete, fifo_lost, bus_lost},
       VrrpState::master,
       Witness::netlink},
  });
}

BOOST_AUTO_TEST_CASE(the_kernel_decides_when_dbus_stays_silent) {
  const core::Topology topology = topology_of(true);
  StagedJudge judge(topology);
  judge.step(kernel_read, start);
  judge.step(vips(1, true), start);
  BOOST_TEST(!judge.settled());
  BOOST_REQUIRE(judge.deadline().has_value());
  const auto verdicts = judge.step(*judge.deadline());
  BOOST_REQUIRE_EQUAL(verdicts.size(), 1U);
  BOOST_TEST(verdicts[0].state == VrrpState::master);
  BOOST_TEST(verdicts[0].cause == core::Cause::startup);
  BOOST_TEST(judge.settled());
  BOOST_TEST(!judge.deadline().has_value());
}

BOOST_AUTO_TEST_CASE(waiting_for_an_instance_that_nobody_knows_ends) {
  const core::Topology topology = topology_of(true, false);
  StagedJudge judge(topology);
  judge.step(kernel_read, start);
  judge.step(owner_found, start);
  judge.step(absent, start);
  judge.step(read_complete, start);
  BOOST_TEST(!judge.settled());
  judge.step(*judge.deadline());
  BOOST_TEST(judge.settled());
  BOOST_TEST(judge.state(0) == VrrpState::init);
}

BOOST_AUTO_TEST_CASE(what_the_kernel_was_asked_for_is_no_signal) {
  const core::Topology topology = topology_of(false);
  StagedJudge judge(topology);
  judge.step(vips(0, false), start);
  judge.step(kernel_read, start);
  const auto heard = judge.step(vips(1, true), start);
  BOOST_REQUIRE_EQUAL(heard.size(), 1U);
  BOOST_TEST(heard[0].cause == core::Cause::signal);
  const auto read = judge.step(core::VipsSeen{0, 0, false, /*answered=*/true}, start);
  BOOST_REQUIRE_EQUAL(read.size(), 1U);
  BOOST_TEST(read[0].state == VrrpState::backup);
  BOOST_TEST(read[0].cause == core::Cause::resync);
}

BOOST_AUTO_TEST_CASE(an_answer_is_newer_than_the_line_before_it) {
  const core::Topology topology = topology_of(true);
  StagedJudge judge(topology);
  judge.restore(0, VrrpState::backup);
  judge.restore_fifo(0, VrrpState::backup);
  judge.step(kernel_read, start);
  judge.step(owner_found, start);
  judge.step(dbus(VrrpState::fault, true), start);
  judge.step(read_complete, start);
  judge.step(bus_lost, start);
  BOOST_TEST(judge.state(0) == VrrpState::fault);
}

BOOST_AUTO_TEST_CASE(a_contradiction_of_old_standing_is_no_news_after_a_restart_either) {
  struct Restored {
    std::string name;
    VrrpState state;
    bool disputed;
    bool first_vip;
    VrrpState expected;
  };
  const std::vector<Restored> cases = {
      {"a VIP added by hand", VrrpState::fault, true, true, VrrpState::fault},
      {"a promotion that was missed", VrrpState::fault, false, true, VrrpState::master},
      {"a VIP deleted by hand", VrrpState::master, true, false, VrrpState::master},
      {"a demotion that was missed", VrrpState::master, false, false, VrrpState::backup},
  };
  for (const Restored& each : cases) {
    BOOST_TEST_CONTEXT(each.name) {
      const core::Topology topology = topology_of(true);
      StagedJudge judge(topology);
      judge.restore(0, each.state, each.disputed);
      judge.step(bus_lost, start);
      judge.step(vips(each.first_vip ? 1 : 0, each.first_vip), start);
      judge.step(kernel_read, start);
      judge.step(start + core::dbus_grace);
      BOOST_TEST((judge.state(0) == each.expected));
      // What the kernel says later is news.
      judge.step(vips(each.first_vip ? 0 : 1, !each.first_vip), start + core::dbus_grace);
      judge.step(vips(each.first_vip ? 1 : 0, each.first_vip), start + core::dbus_grace);
      BOOST_TEST((judge.state(0) == (each.first_vip ? VrrpState::master : VrrpState::backup)));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
