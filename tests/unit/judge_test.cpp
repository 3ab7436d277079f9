// SPDX-License-Identifier: MIT
/// @file
/// Who is believed: tables of what the witnesses say and what follows.
#define BOOST_TEST_DYN_LINK
#include "core/judge.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

using namespace batch_notifier;
using core::Observation;
using core::VrrpState;
using core::Witness;

namespace {

constexpr core::MonotonicTime start{std::chrono::hours(1)};

Observation dbus(VrrpState state, bool answered = false, core::InstanceIndex instance = 0) {
  return core::StateSeen{Witness::dbus, instance, state, answered, std::nullopt};
}

Observation fifo(VrrpState state) {
  return core::StateSeen{Witness::fifo, 0, state, false, std::nullopt};
}

Observation vips(std::uint32_t present, bool first) {
  return core::VipsSeen{0, present, first};
}

const Observation owner_found = core::DbusOwnerFound{};
const Observation read_complete = core::DbusReadComplete{};
const Observation absent = core::DbusInstanceAbsent{0};
const Observation owner_lost = core::DbusOwnerLost{};
const Observation bus_lost = core::DbusBusLost{};
const Observation kernel_read = core::KernelReadComplete{};
const Observation kernel_lost = core::KernelLost{};
const Observation fifo_opened = core::FifoOpened{};
const Observation fifo_lost = core::FifoLost{};
const Observation priority_seen = core::PrioritySeen{0, 150};

core::Topology topology_of(bool dbus_enabled, bool with_vip = true) {
  core::Topology topology;
  topology.dbus_enabled = dbus_enabled;
  core::Instance instance;
  instance.name = "VI_1";
  instance.interface = "eth0";
  if (with_vip) {
    instance.vips.emplace_back();
  }
  topology.instances.push_back(instance);
  return topology;
}

struct Case {
  std::string name;
  bool dbus_enabled;
  std::vector<Observation> observations;
  VrrpState state;
  Witness authority;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(judge)

BOOST_AUTO_TEST_CASE(the_best_witness_available_decides) {
  const std::vector<Case> cases = {
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
      {"a FIFO that speaks or gives a priority says no state",
       false,
       {fifo_opened, priority_seen},
       VrrpState::init,
       Witness::netlink},
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
      {"while keepalived is being read the kernel does not interfere",
       true,
       {kernel_read, vips(1, true), owner_found, dbus(VrrpState::master), read_complete, owner_lost,
        owner_found, vips(0, false)},
       VrrpState::master,
       Witness::dbus},
      {"a kernel that cannot be read decides nothing",
       false,
       {kernel_read, vips(1, true), kernel_lost, vips(0, false)},
       VrrpState::master,
       Witness::netlink},
      {"D-Bus comes back",
       true,
       {kernel_read, vips(1, true), owner_found, dbus(VrrpState::master), read_complete, bus_lost,
        owner_found, dbus(VrrpState::master, true), read_complete},
       VrrpState::master,
       Witness::dbus},
  };
  for (const Case& expected : cases) {
    BOOST_TEST_CONTEXT(expected.name) {
      const core::Topology topology = topology_of(expected.dbus_enabled);
      core::Statistics statistics;
      core::Judge judge(topology, statistics, start);
      for (const Observation& observation : expected.observations) {
        judge.step(observation, start);
      }
      BOOST_TEST(to_string(judge.state(0)) == to_string(expected.state));
      BOOST_TEST(to_string(judge.authority(0)) == to_string(expected.authority));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_kernel_decides_when_dbus_stays_silent) {
  const core::Topology topology = topology_of(true);
  core::Statistics statistics;
  core::Judge judge(topology, statistics, start);
  judge.step(kernel_read, start);
  judge.step(vips(1, true), start);
  BOOST_TEST(!judge.settled());
  BOOST_REQUIRE(judge.deadline().has_value());
  const auto verdicts = judge.step(*judge.deadline());
  BOOST_REQUIRE_EQUAL(verdicts.size(), 1U);
  BOOST_TEST((verdicts[0].state == VrrpState::master));
  BOOST_TEST((verdicts[0].cause == core::Cause::startup));
  BOOST_TEST(judge.settled());
  BOOST_TEST(!judge.deadline().has_value());
}

BOOST_AUTO_TEST_CASE(waiting_for_an_instance_that_nobody_knows_ends) {
  const core::Topology topology = topology_of(true, false);
  core::Statistics statistics;
  core::Judge judge(topology, statistics, start);
  judge.step(kernel_read, start);
  judge.step(owner_found, start);
  judge.step(absent, start);
  judge.step(read_complete, start);
  BOOST_TEST(!judge.settled());
  judge.step(*judge.deadline());
  BOOST_TEST(judge.settled());
  BOOST_TEST((judge.state(0) == VrrpState::init));
}

BOOST_AUTO_TEST_CASE(an_owner_that_stays_away_makes_all_but_the_stopped_unknown) {
  core::Topology topology = topology_of(true);
  topology.instances.push_back(topology.instances[0]);
  core::Statistics statistics;
  core::Judge judge(topology, statistics, start);
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
  BOOST_TEST((verdicts[0].state == VrrpState::unknown));
  BOOST_TEST((verdicts[0].cause == core::Cause::lost));
  BOOST_TEST((judge.state(1) == VrrpState::stop));
  // Orphaned VIPs make nobody MASTER.
  BOOST_TEST(judge.step(vips(1, true), later).empty());
}

BOOST_AUTO_TEST_CASE(without_a_bus_a_closed_fifo_means_that_keepalived_is_gone) {
  const core::Topology topology = topology_of(false);
  core::Statistics statistics;
  core::Judge judge(topology, statistics, start);
  judge.step(kernel_read, start);
  judge.step(vips(1, true), start);
  judge.step(core::FifoOpened{}, start);
  judge.step(fifo(VrrpState::master), start);
  judge.step(core::FifoLost{true}, start);
  const auto verdicts = judge.step(start + core::respawn_grace);
  BOOST_REQUIRE_EQUAL(verdicts.size(), 1U);
  BOOST_TEST((verdicts[0].state == VrrpState::unknown));
  // The next keepalived is believed again, and by the kernel too.
  judge.step(core::FifoOpened{}, start + std::chrono::seconds(2));
  judge.step(vips(0, false), start + std::chrono::seconds(2));
  BOOST_TEST((judge.state(0) == VrrpState::backup));
}

BOOST_AUTO_TEST_CASE(what_a_running_keepalived_has_said_outlasts_a_fifo_that_it_opens_again) {
  const core::Topology topology = topology_of(false);
  core::Statistics statistics;
  core::Judge judge(topology, statistics, start);
  judge.step(core::KeepalivedWatched{}, start);
  judge.step(kernel_read, start);
  judge.step(fifo_opened, start);
  judge.step(fifo(VrrpState::fault), start);
  const core::MonotonicTime closed = start + std::chrono::minutes(1);
  BOOST_TEST(judge.step(core::FifoLost{true}, closed).empty());
  BOOST_TEST((judge.last_word(0) == VrrpState::fault));
  // Somebody adds the VIP by hand.
  BOOST_TEST(judge.step(vips(1, true), closed).empty());
  judge.step(fifo_opened, closed);
  BOOST_TEST(judge.step(closed + std::chrono::minutes(1)).empty());
  BOOST_TEST((judge.authority(0) == Witness::fifo));
  // Not opened again.
  const core::MonotonicTime closed_for_good = closed + std::chrono::minutes(2);
  judge.step(core::FifoLost{true}, closed_for_good);
  judge.step(closed_for_good + core::respawn_grace);
  BOOST_TEST(!judge.last_word(0).has_value());
  BOOST_TEST((judge.authority(0) == Witness::netlink));
}

BOOST_AUTO_TEST_CASE(what_a_closed_fifo_has_said_yields_to_dbus) {
  const core::Topology topology = topology_of(true);
  core::Statistics statistics;
  core::Judge judge(topology, statistics, start);
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
  BOOST_TEST((judge.state(0) == VrrpState::backup));
  BOOST_TEST((judge.authority(0) == Witness::netlink));
}

BOOST_AUTO_TEST_CASE(what_an_ended_keepalived_has_said_on_the_fifo_is_not_heard_again) {
  const core::Topology topology = topology_of(false);
  for (const bool closed : {false, true}) {
    core::Statistics statistics;
    core::Judge judge(topology, statistics, start);
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
    BOOST_TEST((judge.state(0) == VrrpState::unknown));
    judge.step(vips(0, false), start + std::chrono::minutes(1));
    judge.step(start + std::chrono::minutes(1));
    BOOST_TEST((judge.state(0) == VrrpState::unknown));
  }
}

BOOST_AUTO_TEST_CASE(what_the_kernel_was_asked_for_is_no_signal) {
  const core::Topology topology = topology_of(false);
  core::Statistics statistics;
  core::Judge judge(topology, statistics, start);
  judge.step(vips(0, false), start);
  judge.step(kernel_read, start);
  const auto heard = judge.step(vips(1, true), start);
  BOOST_REQUIRE_EQUAL(heard.size(), 1U);
  BOOST_TEST((heard[0].cause == core::Cause::signal));
  const auto read = judge.step(core::VipsSeen{0, 0, false, /*answered=*/true}, start);
  BOOST_REQUIRE_EQUAL(read.size(), 1U);
  BOOST_TEST((read[0].state == VrrpState::backup));
  BOOST_TEST((read[0].cause == core::Cause::resync));
}

BOOST_AUTO_TEST_CASE(a_dying_bus_that_reports_a_lost_owner_first_is_no_news_of_keepalived) {
  const core::Topology topology = topology_of(true);
  core::Statistics statistics;
  core::Judge judge(topology, statistics, start);
  judge.step(kernel_read, start);
  judge.step(vips(1, true), start);
  judge.step(owner_found, start);
  judge.step(dbus(VrrpState::master, true), start);
  judge.step(read_complete, start);
  judge.step(owner_lost, start);
  judge.step(bus_lost, start);
  judge.step(start + std::chrono::minutes(1));
  BOOST_TEST((judge.state(0) == VrrpState::master));
}

BOOST_AUTO_TEST_CASE(an_ended_process_is_gone_whatever_the_bus_and_the_fifo_say) {
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
      const core::Topology topology = topology_of(true);
      core::Statistics statistics;
      core::Judge judge(topology, statistics, start);
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
      BOOST_TEST((judge.state(0) == VrrpState::master));
      const auto verdicts = judge.step(start + core::respawn_grace);
      BOOST_REQUIRE_EQUAL(verdicts.size(), 1U);
      BOOST_TEST((verdicts[0].state == VrrpState::unknown));
      BOOST_TEST((verdicts[0].cause == core::Cause::lost));
      BOOST_TEST(judge.settled());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_lost_owner_is_not_the_end_of_a_process_that_runs) {
  for (const bool fifo_known : {true, false}) {
    BOOST_TEST_CONTEXT((fifo_known ? "the FIFO decides" : "the kernel decides")) {
      const core::Topology topology = topology_of(true);
      core::Statistics statistics;
      core::Judge judge(topology, statistics, start);
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
      BOOST_TEST((judge.state(0) == VrrpState::fault));
      BOOST_TEST((judge.authority(0) == (fifo_known ? Witness::fifo : Witness::netlink)));
      judge.step(core::KeepalivedEnded{}, start + core::respawn_grace);
      judge.step(start + 2 * core::respawn_grace);
      BOOST_TEST((judge.state(0) == VrrpState::unknown));
    }
  }
}

BOOST_AUTO_TEST_CASE(an_answer_is_newer_than_the_line_before_it) {
  const core::Topology topology = topology_of(true);
  core::Statistics statistics;
  core::Judge judge(topology, statistics, start);
  judge.restore(0, VrrpState::backup);
  judge.restore_fifo(0, VrrpState::backup);
  judge.step(kernel_read, start);
  judge.step(owner_found, start);
  judge.step(dbus(VrrpState::fault, true), start);
  judge.step(read_complete, start);
  judge.step(bus_lost, start);
  BOOST_TEST((judge.state(0) == VrrpState::fault));
}

BOOST_AUTO_TEST_CASE(an_ended_process_that_is_started_again_is_no_news) {
  const core::Topology topology = topology_of(true);
  core::Statistics statistics;
  core::Judge judge(topology, statistics, start);
  judge.step(kernel_read, start);
  judge.step(core::KeepalivedEnded{}, start);
  judge.step(owner_found, start);
  judge.step(dbus(VrrpState::backup, true), start);
  judge.step(read_complete, start);
  judge.step(start + std::chrono::seconds(1));
  BOOST_TEST((judge.state(0) == VrrpState::backup));
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
      core::Statistics statistics;
      core::Judge judge(topology, statistics, start);
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
