// SPDX-License-Identifier: MIT
/// @file
/// Whole stories, from observation to batch.
#define BOOST_TEST_DYN_LINK
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/printing.hpp"  // IWYU pragma: keep
#include "tests/unit/scenario.hpp"

using namespace batch_notifier;
using core::Cause;
using core::Counter;
using core::DeliveryStatus;
using core::Health;
using core::VrrpState;
using tests::Scenario;

BOOST_AUTO_TEST_SUITE(engine)

BOOST_AUTO_TEST_CASE(the_first_batch_is_a_snapshot_of_every_instance) {
  Scenario scenario;
  scenario.add_instance("VI_1", 2);
  scenario.add_instance("VI_2");
  scenario.add_notifier();
  scenario.begin();
  scenario.happen(core::Observation(core::DbusOwnerFound{}));
  scenario.answer("VI_1", VrrpState::master);
  scenario.addresses("VI_1", 2);
  BOOST_TEST(scenario.attempts().empty());
  scenario.answer("VI_2", VrrpState::backup);
  scenario.happen(core::Observation(core::DbusReadComplete{}));
  scenario.happen(core::Observation(core::KernelReadComplete{}));
  scenario.advance(0.1);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  const core::Batch& batch = scenario.last();
  BOOST_TEST(batch.snapshot);
  BOOST_TEST(batch.sequence == 1U);
  BOOST_TEST(batch.id == "epoch-notify_batch:1-1");
  BOOST_REQUIRE_EQUAL(batch.changes.size(), 2U);
  const core::Change& first = batch.changes[0];
  BOOST_TEST(first.previous == VrrpState::init);
  BOOST_TEST(first.state == VrrpState::master);
  BOOST_TEST(first.cause == Cause::startup);
  BOOST_TEST(first.health == Health::ok);
  BOOST_TEST(first.vips_expected == 2U);
  BOOST_TEST(first.vips_present == 2U);
  BOOST_TEST((first.path == std::vector{VrrpState::init, VrrpState::master}));
  scenario.advance(3600);
  BOOST_TEST(scenario.attempts().size() == 1U);
  BOOST_TEST(!scenario.engine().deadline().has_value());
}

BOOST_AUTO_TEST_CASE(a_failover_of_a_thousand_is_two_batches) {
  Scenario scenario;
  for (int number = 0; number < 1000; ++number) {
    scenario.add_instance("VI_" + std::to_string(number));
  }
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.attempts().clear();
  for (int number = 0; number < 1000; ++number) {
    scenario.change("VI_" + std::to_string(number), VrrpState::master);
    scenario.advance(0.0009);
  }
  scenario.advance(60);
  BOOST_TEST(scenario.attempts().size() <= 2U);
  std::size_t told = 0;
  for (const Scenario::Attempt& attempt : scenario.attempts()) {
    for (const core::Change& change : attempt.batch.changes) {
      BOOST_TEST(change.previous == VrrpState::backup);
      BOOST_TEST(change.state == VrrpState::master);
      BOOST_TEST(change.health == Health::ok);
      ++told;
    }
  }
  BOOST_TEST(told == 1000U);
}

BOOST_AUTO_TEST_CASE(a_promotion_that_does_not_last_is_never_told) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.attempts().clear();
  scenario.change("VI_1", VrrpState::master);
  scenario.advance(0.999);
  scenario.change("VI_1", VrrpState::backup);
  scenario.advance(60);
  BOOST_TEST(scenario.attempts().empty());
  BOOST_TEST(scenario.count(Counter::dropped_promotions) == 1U);
}

BOOST_AUTO_TEST_CASE(a_promotion_that_lasts_is_told_with_the_time_it_began) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_notifier();
  scenario.begin_settled();
  const core::UtcTime before = scenario.last().time;
  scenario.attempts().clear();
  const double promoted_at = scenario.time();
  scenario.change("VI_1", VrrpState::master);
  scenario.advance(10);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  BOOST_TEST(scenario.attempts()[0].at == promoted_at + 1.1, boost::test_tools::tolerance(1e-6));
  const core::Change change = scenario.last().changes.at(0);
  BOOST_TEST((change.since > before));
  BOOST_TEST((scenario.last().opened - change.since == core::Duration(1'000'000)));
}

BOOST_AUTO_TEST_CASE(a_demotion_does_not_wait_for_the_hold) {
  Scenario scenario;
  scenario.add_instance("VI_1").master_hold = core::MasterHold{core::Duration(30'000'000)};
  scenario.add_notifier();
  scenario.begin_settled(VrrpState::master);
  scenario.attempts().clear();
  const double demoted_at = scenario.time();
  scenario.change("VI_1", VrrpState::backup);
  scenario.advance(1);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  BOOST_TEST(scenario.attempts()[0].at - demoted_at <= 0.1 + 1e-6);
}

BOOST_AUTO_TEST_CASE(a_flap_storm_costs_one_batch_an_interval_and_ends_in_the_truth) {
  Scenario scenario;
  scenario.settings.master_hold.fixed = core::Duration::zero();
  scenario.add_instance("VI_1");
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.attempts().clear();
  const double began = scenario.time();
  for (int flap = 0; flap < 1001; ++flap) {
    scenario.change("VI_1", flap % 2 == 0 ? VrrpState::master : VrrpState::backup);
    scenario.advance(0.03);
  }
  scenario.advance(10);
  BOOST_TEST(static_cast<double>(scenario.attempts().size()) <=
             1 + (scenario.time() - began) / 2.0);
  BOOST_REQUIRE(!scenario.attempts().empty());
  VrrpState told = VrrpState::backup;
  std::uint64_t transitions = scenario.count(Counter::suppressed_transitions);
  for (const Scenario::Attempt& attempt : scenario.attempts()) {
    const core::Change& change = attempt.batch.changes.at(0);
    BOOST_TEST((change.previous == told));
    BOOST_TEST(change.path.size() <= 16U);
    BOOST_TEST((change.path.front() == change.previous));
    BOOST_TEST((change.path.back() == change.state));
    told = change.state;
    transitions += change.transitions;
  }
  BOOST_TEST(told == VrrpState::master);
  BOOST_TEST(transitions == 1001U);
}

BOOST_AUTO_TEST_CASE(an_instance_that_ends_where_it_began_is_left_out) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_instance("VI_2");
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.attempts().clear();
  scenario.change("VI_1", VrrpState::fault);
  scenario.change("VI_2", VrrpState::fault);
  scenario.advance(0.05);
  scenario.change("VI_1", VrrpState::backup);
  scenario.advance(10);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  BOOST_TEST(!Scenario::entry(scenario.last(), "VI_1").has_value());
  BOOST_TEST(Scenario::entry(scenario.last(), "VI_2").has_value());
  BOOST_TEST(scenario.count(Counter::suppressed_transitions) == 2U);
}

BOOST_AUTO_TEST_CASE(a_day_of_flapping_before_a_dead_consumer_is_one_batch_at_the_end) {
  Scenario scenario;
  scenario.settings.master_hold.fixed = core::Duration::zero();
  scenario.add_instance("VI_1");
  scenario.add_instance("VI_2");
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.answer_with(0, DeliveryStatus::failed);
  scenario.attempts().clear();
  std::uint64_t flaps = 0;
  const double end = scenario.time() + 86400;
  while (scenario.time() < end) {
    scenario.change("VI_1", flaps % 2 == 0 ? VrrpState::master : VrrpState::backup);
    ++flaps;
    scenario.advance(5);
  }
  const std::size_t failures = scenario.attempts().size();
  BOOST_TEST(failures > 1000U);
  scenario.answer_with(0, DeliveryStatus::delivered);
  scenario.advance(3600);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), failures + 1);
  const core::Change& change = scenario.last().changes.at(0);
  BOOST_TEST(scenario.last().changes.size() == 1U);
  BOOST_TEST(change.previous == VrrpState::backup);
  BOOST_TEST((change.state == (flaps % 2 == 0 ? VrrpState::backup : VrrpState::master)));
  BOOST_TEST(change.transitions == flaps);
  BOOST_TEST(change.path.size() == 16U);
}

BOOST_AUTO_TEST_CASE(losing_the_bus_is_a_change_of_authority_and_not_of_state) {
  Scenario scenario;
  scenario.add_instance("VI_M");
  scenario.add_instance("VI_F");
  scenario.add_notifier();
  scenario.begin_settled(VrrpState::backup);
  scenario.change("VI_M", VrrpState::master);
  scenario.change("VI_F", VrrpState::fault);
  scenario.advance(10);
  scenario.attempts().clear();
  scenario.happen(core::Observation(core::DbusBusLost{}));
  scenario.advance(60);
  BOOST_TEST(scenario.attempts().empty());
  BOOST_TEST(scenario.row("VI_M").found.authority == core::Witness::netlink);
  BOOST_TEST(scenario.row("VI_F").status.state == VrrpState::fault);
  // From here on the kernel decides.
  scenario.addresses("VI_M", 0);
  scenario.advance(60);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  BOOST_TEST(scenario.last().changes.at(0).state == VrrpState::backup);
  BOOST_TEST(scenario.last().changes.at(0).authority == core::Witness::netlink);
}

BOOST_AUTO_TEST_CASE(a_killed_keepalived_is_unknown_within_a_second_and_its_orphans_show) {
  Scenario scenario;
  scenario.add_instance("VI_M", 2);
  scenario.add_instance("VI_B");
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.change("VI_M", VrrpState::master);
  scenario.advance(10);
  scenario.attempts().clear();
  const double killed_at = scenario.time();
  scenario.happen(core::Observation(core::DbusOwnerLost{}));
  scenario.advance(10);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  BOOST_TEST(scenario.attempts()[0].at - killed_at < 1.0);
  const auto master = Scenario::entry(scenario.last(), "VI_M");
  const auto backup = Scenario::entry(scenario.last(), "VI_B");
  BOOST_REQUIRE(master && backup);
  BOOST_TEST(master->state == VrrpState::unknown);
  BOOST_TEST(master->cause == Cause::lost);
  BOOST_TEST(master->health == Health::vip_unexpected);
  BOOST_TEST(backup->state == VrrpState::unknown);
  BOOST_TEST(backup->health == Health::ok);
}

BOOST_AUTO_TEST_CASE(losing_keepalived_does_not_wait_for_the_interval) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.change("VI_1", VrrpState::fault);
  scenario.advance(0.2);
  const double killed_at = scenario.time();
  scenario.happen(core::Observation(core::DbusOwnerLost{}));
  scenario.advance(10);
  BOOST_TEST(scenario.last().changes.at(0).state == VrrpState::unknown);
  BOOST_TEST(scenario.attempts().back().at - killed_at < 1.0);
}

BOOST_AUTO_TEST_CASE(an_instance_unknown_to_dbus_is_known_again_after_keepalived_has_come_back) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.happen(core::Observation(core::DbusOwnerLost{}));
  scenario.advance(10);
  BOOST_TEST(scenario.last().changes.at(0).state == VrrpState::unknown);
  scenario.happen(core::Observation(core::DbusOwnerFound{}));
  scenario.happen(core::Observation(core::DbusInstanceAbsent{0}));
  scenario.happen(core::Observation(core::DbusReadComplete{}));
  scenario.advance(10);
  BOOST_TEST(scenario.last().changes.at(0).state == VrrpState::backup);
  BOOST_TEST(scenario.last().changes.at(0).authority == core::Witness::netlink);
}

BOOST_AUTO_TEST_CASE(a_missing_vip_does_not_make_a_backup_of_a_master_when_the_bus_dies) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_notifier();
  scenario.begin_settled(VrrpState::master);
  scenario.addresses("VI_1", 0);
  scenario.advance(1.5);
  // D-Bus is asked, and stands by MASTER.
  scenario.happen(core::Observation(
      core::StateSeen{core::Witness::dbus, 0, VrrpState::master, true, std::nullopt}));
  scenario.advance(10);
  scenario.attempts().clear();
  scenario.happen(core::Observation(core::DbusBusLost{}));
  scenario.advance(10);
  BOOST_TEST(scenario.attempts().empty());
  // What the kernel reports from now on counts.
  scenario.addresses("VI_1", 1);
  scenario.advance(1);
  scenario.addresses("VI_1", 0);
  scenario.advance(10);
  BOOST_TEST(scenario.last().changes.at(0).state == VrrpState::backup);
}

BOOST_AUTO_TEST_CASE(a_bus_that_dies_after_keepalived_did_does_not_bring_it_back) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_notifier();
  scenario.begin_settled(VrrpState::master);
  scenario.happen(core::Observation(core::DbusOwnerLost{}));
  scenario.advance(0.3);
  scenario.happen(core::Observation(core::DbusBusLost{}));
  scenario.advance(10);
  BOOST_TEST(scenario.last().changes.at(0).state == VrrpState::unknown);
}

BOOST_AUTO_TEST_CASE(a_respawned_vrrp_child_is_told_only_by_what_differs) {
  struct Case {
    VrrpState after;
    std::size_t batches;
  };
  for (const Case& expected : {Case{VrrpState::master, 0}, Case{VrrpState::backup, 1}}) {
    Scenario scenario;
    scenario.add_instance("VI_1");
    scenario.add_notifier();
    scenario.begin_settled(VrrpState::master);
    scenario.attempts().clear();
    scenario.happen(core::Observation(core::DbusOwnerLost{}));
    scenario.advance(0.05);
    scenario.happen(core::Observation(core::DbusOwnerFound{}));
    scenario.addresses("VI_1", expected.after == VrrpState::master ? 1 : 0);
    scenario.answer("VI_1", expected.after);
    scenario.happen(core::Observation(core::DbusReadComplete{}));
    scenario.advance(60);
    BOOST_REQUIRE_EQUAL(scenario.attempts().size(), expected.batches);
    if (expected.batches == 1) {
      BOOST_TEST(scenario.last().changes.at(0).cause == Cause::resync);
    }
  }
}

BOOST_AUTO_TEST_CASE(health_is_told_only_when_it_lasts) {
  Scenario scenario;
  scenario.add_instance("VI_1", 2);
  scenario.add_notifier();
  scenario.begin_settled(VrrpState::master);
  scenario.attempts().clear();
  scenario.addresses("VI_1", 1);
  scenario.advance(0.9);
  scenario.addresses("VI_1", 2);
  scenario.advance(60);
  BOOST_TEST(scenario.attempts().empty());
  scenario.addresses("VI_1", 1);
  scenario.advance(60);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  const core::Change change = scenario.last().changes.at(0);
  BOOST_TEST(change.cause == Cause::health);
  BOOST_TEST(change.health == Health::vip_missing);
  BOOST_TEST((change.previous == change.state));
  BOOST_TEST(change.transitions == 0U);
  BOOST_TEST(change.vips_present == 1U);
  scenario.addresses("VI_1", 2);
  scenario.advance(60);
  BOOST_TEST(scenario.last().changes.at(0).health == Health::ok);
}

BOOST_AUTO_TEST_CASE(an_ignored_instance_is_never_mentioned) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_instance("VI_2").ignored = true;
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.change("VI_2", VrrpState::fault);
  scenario.change("VI_1", VrrpState::fault);
  scenario.advance(10);
  for (const Scenario::Attempt& attempt : scenario.attempts()) {
    BOOST_TEST(!Scenario::entry(attempt.batch, "VI_2").has_value());
  }
  BOOST_TEST(scenario.attempts().size() == 2U);
}

BOOST_AUTO_TEST_CASE(stopping_waits_for_every_stop_and_its_delivery) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_instance("VI_2");
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.change("VI_1", VrrpState::fault);
  scenario.advance(0.2);  // A batch has just left, so the next one would have to wait.
  scenario.attempts().clear();
  scenario.answer_with(0, std::nullopt);
  scenario.happen(core::StopRequested{core::Duration(5'000'000)});
  scenario.advance(0.5);
  BOOST_TEST(!scenario.stopped().has_value());
  scenario.change("VI_1", VrrpState::stop);
  scenario.change("VI_2", VrrpState::stop);
  scenario.advance(0.1);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  BOOST_TEST(scenario.last().changes.size() == 2U);
  BOOST_TEST(scenario.last().changes[0].cause == Cause::shutdown);
  BOOST_TEST(!scenario.stopped().has_value());
  scenario.finish(0, {});
  BOOST_REQUIRE(scenario.stopped().has_value());
  BOOST_TEST(*scenario.stopped());
}

BOOST_AUTO_TEST_CASE(stopping_ends_when_the_time_is_up) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.answer_with(0, DeliveryStatus::failed);
  scenario.change("VI_1", VrrpState::stop);
  scenario.happen(core::StopRequested{core::Duration(5'000'000)});
  scenario.advance(4.9);
  BOOST_TEST(!scenario.stopped().has_value());
  scenario.advance(0.2);
  BOOST_REQUIRE(scenario.stopped().has_value());
  BOOST_TEST(!*scenario.stopped());
}

BOOST_AUTO_TEST_CASE(a_dead_consumer_does_not_delay_another) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_notifier();
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.answer_with(0, std::nullopt);
  scenario.change("VI_1", VrrpState::fault);
  scenario.advance(5);
  scenario.change("VI_1", VrrpState::backup);
  scenario.advance(5);
  BOOST_TEST(scenario.attempts(0).size() == 2U);
  BOOST_TEST(scenario.attempts(1).size() == 3U);
  BOOST_TEST(scenario.last(1).changes.at(0).state == VrrpState::backup);
}

BOOST_AUTO_TEST_CASE(
    a_master_on_a_dead_link_is_delivered_after_health_wait_and_so_is_its_recovery) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_notifier();
  scenario.begin_settled(VrrpState::master);
  scenario.attempts().clear();
  const auto see_link = [&](core::LinkState link) {
    scenario.happen(
        core::Observation(core::VipsSeen{0, 1, true, false, link, link != core::LinkState::up}));
  };
  see_link(core::LinkState::up);
  see_link(core::LinkState::down);
  scenario.advance(0.9);
  BOOST_TEST(scenario.attempts().empty());
  scenario.advance(1);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  const core::Change change = scenario.last().changes.at(0);
  BOOST_TEST(change.state == VrrpState::master);
  BOOST_TEST(change.cause == Cause::health);
  BOOST_TEST(change.health == Health::link_down);
  BOOST_TEST((change.link == core::LinkState::down));
  see_link(core::LinkState::up);
  scenario.advance(10);
  BOOST_TEST(scenario.last().changes.at(0).health == Health::ok);
}

BOOST_AUTO_TEST_CASE(keepalived_that_leaves_master_on_a_dead_link_in_time_is_healthy) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_notifier();
  scenario.begin_settled(VrrpState::master);
  scenario.attempts().clear();
  scenario.happen(core::Observation(
      core::VipsSeen{0, 1, true, false, core::LinkState::down, /*link_down=*/true}));
  scenario.happen(core::Observation(
      core::VipsSeen{0, 0, false, false, core::LinkState::down, /*link_down=*/true}));
  scenario.signal("VI_1", VrrpState::fault);
  scenario.advance(10);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  BOOST_TEST(scenario.last().changes.at(0).health == Health::ok);
  BOOST_TEST((scenario.last().changes.at(0).link == core::LinkState::down));
}

BOOST_AUTO_TEST_SUITE_END()
