// SPDX-License-Identifier: MIT
/// @file
/// Instances that come, go and change their names while the engine runs, and several keepalived in
/// one engine.
#define BOOST_TEST_DYN_LINK
#include <chrono>
#include <string>

#include <boost/test/unit_test.hpp>

#include "tests/support/printing.hpp"  // IWYU pragma: keep
#include "tests/unit/scenario.hpp"

using namespace batch_notifier;
using core::Cause;
using core::DeliveryStatus;
using core::VrrpState;
using tests::Scenario;

namespace {

/// Two instances in BACKUP, delivered.
struct Stage : Scenario {
  Stage() {
    add_instance("VI_1");
    add_instance("VI_2");
    add_notifier();
    begin_settled();
    attempts().clear();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(configuration_changes)

BOOST_AUTO_TEST_CASE(an_added_instance_is_delivered_once_it_has_a_state) {
  Stage stage;
  stage.add_instance("VI_3");
  stage.configure();
  stage.advance(10);
  BOOST_TEST(stage.attempts().empty());
  stage.signal("VI_3", VrrpState::backup);
  stage.advance(10);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 1U);
  BOOST_REQUIRE_EQUAL(stage.last().changes.size(), 1U);
  const core::Change& change = stage.last().changes[0];
  BOOST_TEST(change.instance == "VI_3");
  BOOST_TEST(change.previous == VrrpState::init);
  BOOST_TEST(change.state == VrrpState::backup);
  BOOST_TEST(change.cause == Cause::startup);
}

BOOST_AUTO_TEST_CASE(a_removed_instance_is_delivered_as_deleted_once) {
  Stage stage;
  stage.topology.instances.erase(stage.topology.instances.begin());
  stage.configure();
  stage.configure();
  stage.advance(10);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 1U);
  BOOST_REQUIRE_EQUAL(stage.last().changes.size(), 1U);
  BOOST_TEST(stage.last().changes[0].instance == "VI_1");
  BOOST_TEST(stage.last().changes[0].state == VrrpState::deleted);
  // The other one, which has another place now, goes on.
  stage.change("VI_2", VrrpState::fault);
  stage.advance(10);
  BOOST_REQUIRE_EQUAL(stage.last().changes.size(), 1U);
  BOOST_TEST(stage.last().changes[0].instance == "VI_2");
  BOOST_TEST(stage.last().changes[0].previous == VrrpState::backup);
}

BOOST_AUTO_TEST_CASE(an_instance_that_comes_back_comes_from_deleted) {
  Stage stage;
  const core::Topology both = stage.topology;
  stage.topology.instances.erase(stage.topology.instances.begin());
  stage.configure();
  stage.advance(10);
  stage.topology = both;
  stage.configure();
  stage.signal("VI_1", VrrpState::fault);
  stage.advance(10);
  BOOST_REQUIRE_EQUAL(stage.last().changes.size(), 1U);
  BOOST_TEST(stage.last().changes[0].previous == VrrpState::deleted);
  BOOST_TEST(stage.last().changes[0].state == VrrpState::fault);
}

BOOST_AUTO_TEST_CASE(removing_and_adding_again_before_a_delivery_is_no_news) {
  Stage stage;
  const core::Topology both = stage.topology;
  stage.topology.instances.erase(stage.topology.instances.begin());
  stage.configure();
  stage.topology = both;
  stage.configure();
  stage.signal("VI_1", VrrpState::backup);
  stage.advance(10);
  BOOST_TEST(stage.attempts().empty());
}

BOOST_AUTO_TEST_CASE(a_new_name_for_the_same_virtual_router_inherits_its_state) {
  Stage stage;
  stage.change("VI_1", VrrpState::fault);
  stage.advance(10);
  stage.topology.instances[0].name = "VI_renamed";
  stage.configure();
  stage.advance(10);
  BOOST_REQUIRE_EQUAL(stage.last().changes.size(), 2U);
  const auto renamed = Scenario::entry(stage.last(), "VI_renamed");
  BOOST_REQUIRE(renamed.has_value());
  BOOST_TEST(renamed->previous == VrrpState::init);
  BOOST_TEST(renamed->state == VrrpState::fault);
  BOOST_TEST(renamed->cause == Cause::resync);
  BOOST_TEST(Scenario::entry(stage.last(), "VI_1")->state == VrrpState::deleted);
}

BOOST_AUTO_TEST_CASE(two_instances_that_swap_their_names_keep_their_own_states) {
  Stage stage;
  stage.change("VI_1", VrrpState::fault);
  stage.advance(10);
  stage.attempts().clear();
  std::swap(stage.topology.instances[0].name, stage.topology.instances[1].name);
  stage.configure();
  // Each name is known, so what keepalived reports next decides.
  stage.signal("VI_2", VrrpState::fault);
  stage.signal("VI_1", VrrpState::backup);
  stage.advance(10);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 1U);
  BOOST_TEST(Scenario::entry(stage.last(), "VI_2")->state == VrrpState::fault);
  BOOST_TEST(Scenario::entry(stage.last(), "VI_1")->state == VrrpState::backup);
}

BOOST_AUTO_TEST_CASE(a_held_promotion_of_a_renamed_instance_is_held_anew) {
  Stage stage;
  stage.change("VI_1", VrrpState::master);
  stage.topology.instances[0].name = "VI_renamed";
  stage.configure();
  stage.happen(core::Observation(core::DbusReadComplete{}));
  stage.advance(0.5);
  BOOST_TEST(stage.row("VI_renamed").status.state == VrrpState::backup);
  stage.advance(10);
  BOOST_TEST(stage.row("VI_renamed").status.state == VrrpState::master);
}

BOOST_AUTO_TEST_CASE(an_instance_that_comes_back_during_the_first_snapshot_is_delivered_after_it) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_instance("VI_2");
  scenario.add_notifier();
  scenario.answer_with(0, std::nullopt);
  const core::Topology both = scenario.topology;
  scenario.begin();
  scenario.happen(core::Observation(core::DbusOwnerFound{}));
  scenario.signal("VI_1", VrrpState::deleted);
  scenario.signal("VI_2", VrrpState::backup);
  scenario.topology.instances.erase(scenario.topology.instances.begin());
  scenario.configure();
  scenario.happen(core::Observation(core::DbusReadComplete{}));
  scenario.happen(core::Observation(core::KernelReadComplete{}));
  scenario.advance(1);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  BOOST_TEST(scenario.last().changes.size() == 1U);
  scenario.topology = both;
  scenario.configure();
  scenario.answer_with(0, DeliveryStatus::delivered);
  scenario.finish(0, {});
  scenario.advance(10);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 2U);
  BOOST_TEST(scenario.last().changes.at(0).instance == "VI_1");
}

BOOST_AUTO_TEST_CASE(new_labels_hold_from_the_next_change_on) {
  Stage stage;
  stage.topology.instances[0].labels["rack"] = "7";
  stage.configure();
  stage.advance(10);
  BOOST_TEST(stage.attempts().empty());
  stage.change("VI_1", VrrpState::fault);
  stage.advance(10);
  BOOST_TEST(stage.last().changes.at(0).labels.at("rack") == "7");
}

BOOST_AUTO_TEST_CASE(a_removed_instance_that_no_consumer_knew_leaves_no_trace) {
  Stage stage;
  stage.add_instance("VI_3");
  stage.configure();
  stage.topology.instances.pop_back();
  stage.configure();
  stage.advance(10);
  BOOST_TEST(stage.attempts().empty());
  BOOST_TEST(stage.engine().instances().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_dead_consumer_does_not_lose_a_removed_instance_and_others_do_not_wait) {
  Scenario scenario;
  scenario.add_instance("VI_1");
  scenario.add_notifier();
  scenario.add_notifier();
  scenario.begin_settled();
  scenario.answer_with(1, DeliveryStatus::failed);
  scenario.topology.instances.clear();
  scenario.configure();
  scenario.advance(30);
  BOOST_TEST(scenario.last(0).changes.at(0).state == VrrpState::deleted);
  scenario.answer_with(1, DeliveryStatus::delivered);
  scenario.advance(300);
  BOOST_TEST(scenario.last(1).changes.at(0).state == VrrpState::deleted);
}

BOOST_AUTO_TEST_CASE(the_ledger_is_saved_before_a_batch_leaves_and_within_a_second_of_a_change) {
  Stage stage;
  const std::size_t before = stage.wanted<core::SaveLedger>();
  stage.change("VI_1", VrrpState::fault);
  BOOST_TEST(stage.wanted<core::SaveLedger>() == before);
  stage.advance(0.2);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 1U);
  // Before the batch left, and after its answer.
  BOOST_TEST(stage.wanted<core::SaveLedger>() == before + 2);
  stage.answer_with(0, std::nullopt);
  stage.change("VI_1", VrrpState::backup);
  stage.advance(0.9);
  BOOST_TEST(stage.wanted<core::SaveLedger>() == before + 2);
  stage.advance(0.2);
  BOOST_TEST(stage.wanted<core::SaveLedger>() == before + 3);
}

BOOST_AUTO_TEST_CASE(a_fifo_that_lost_lines_has_the_addresses_read_again) {
  Stage stage;
  stage.happen(core::Observation(core::FifoLost{/*closed=*/true}));
  BOOST_TEST(stage.wanted<core::ReadAddresses>() == 0U);
  stage.happen(core::Observation(core::FifoLost{/*closed=*/false}));
  BOOST_TEST(stage.wanted<core::ReadAddresses>() == 1U);
}

BOOST_AUTO_TEST_CASE(the_fifo_is_pinned_once_its_keepalived_is_known_to_start_scripts_anew) {
  Stage stage;
  stage.happen(core::Observation(core::FifoOpened{}));
  BOOST_TEST(stage.wanted<core::PinFifo>() == 0U);
  stage.happen(core::Observation(core::KeepalivedWatched{}));
  stage.happen(core::Observation(core::FifoOpened{}));
  BOOST_TEST(stage.wanted<core::PinFifo>() == 1U);
  stage.happen(core::Observation(core::KeepalivedEnded{}));
  BOOST_TEST(stage.wanted<core::PinFifo>() == 2U);
}

BOOST_AUTO_TEST_CASE(a_handover_reads_the_fifo_first_and_waits_ten_seconds_at_most) {
  Stage stage;
  stage.settings.stop_timeout = std::chrono::hours(1);
  stage.answer_with(0, std::nullopt);
  stage.change("VI_1", VrrpState::fault);
  stage.advance(1);
  stage.happen(core::HandoverRequested{});
  BOOST_TEST(stage.wanted<core::HandOverFifo>() == 1U);
  BOOST_TEST(stage.wanted<core::AskForTime>() == 1U);
  // A line that was still in the FIFO counts.
  stage.signal("VI_2", VrrpState::fault);
  stage.happen(core::FifoHandedOver{});
  stage.advance(9.9);
  BOOST_TEST(!stage.stop_reason().has_value());
  stage.advance(0.2);
  BOOST_REQUIRE(stage.stop_reason().has_value());
  BOOST_TEST(*stage.stop_reason() == core::StopCompleted::Reason::handed_over);
  BOOST_TEST(stage.engine().ledger().instances.at(1).state == VrrpState::fault);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(fleet)

BOOST_AUTO_TEST_CASE(each_keepalived_has_sources_a_life_and_instances_of_its_own) {
  Stage stage;
  core::Topology other = stage.topology;
  other.net_namespace = "qrouter-1";
  other.dbus_enabled = false;
  const core::KeepalivedId id = stage.engine().keepalived("/ha_confs/1/keepalived.conf");
  const auto observe = [&](const core::Observation& observation) {
    stage.happen(core::Event(core::Observed{id, observation}));
  };
  stage.happen(core::ConfigurationChanged{id, other});
  observe(core::VipsSeen{0, 1, true});
  observe(core::VipsSeen{1, 0, false});
  observe(core::KernelReadComplete{});
  stage.advance(10);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 1U);
  BOOST_REQUIRE_EQUAL(stage.last().changes.size(), 2U);
  BOOST_TEST(stage.last().changes[0].net_namespace == "qrouter-1");
  BOOST_TEST(stage.last().changes[0].state == VrrpState::master);
  // The loss of one is not the loss of the other.
  stage.happen(core::Observation(core::DbusOwnerLost{}));
  stage.advance(10);
  BOOST_TEST(stage.row("VI_1").status.state == VrrpState::unknown);
  BOOST_TEST((stage.last().changes.size() == 2U));
  BOOST_TEST(stage.last().changes[0].net_namespace == "");
  // Its configuration goes.
  stage.happen(core::ConfigurationChanged{id, {}});
  stage.advance(10);
  BOOST_REQUIRE_EQUAL(stage.last().changes.size(), 2U);
  BOOST_TEST(stage.last().changes[0].state == VrrpState::deleted);
}

BOOST_AUTO_TEST_CASE(a_restart_knows_the_instances_of_each_keepalived_again) {
  Stage first;
  const std::string path = "/ha_confs/1/keepalived.conf";
  core::Topology other = first.topology;
  other.dbus_enabled = false;
  const auto begin = [&](Scenario& scenario, std::uint32_t present) {
    const core::KeepalivedId id = scenario.engine().keepalived(path);
    scenario.happen(core::ConfigurationChanged{id, other});
    scenario.happen(core::Event(core::Observed{id, core::VipsSeen{0, present, present > 0}}));
    scenario.happen(core::Event(core::Observed{id, core::VipsSeen{1, 0, false}}));
    scenario.happen(core::Event(core::Observed{id, core::KernelReadComplete{}}));
    scenario.advance(10);
  };
  begin(first, 1);
  Scenario second;
  second.topology = first.topology;
  second.settings = first.settings;
  second.former = first.engine().ledger();
  BOOST_REQUIRE_EQUAL(second.former.instances.size(), 4U);
  second.begin_settled();
  second.answer_with(0, DeliveryStatus::delivered);
  begin(second, 0);
  BOOST_REQUIRE_EQUAL(second.attempts().size(), 1U);
  BOOST_REQUIRE_EQUAL(second.last().changes.size(), 1U);
  BOOST_TEST(second.last().changes[0].previous == VrrpState::master);
  BOOST_TEST(second.last().changes[0].state == VrrpState::backup);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(growth)

namespace {

core::Topology topology_of(std::size_t first, std::size_t count) {
  core::Topology topology;
  for (std::size_t number = first; number < first + count; ++number) {
    core::Instance instance;
    instance.name = "VI_" + std::to_string(number);
    instance.interface = "eth" + std::to_string(number / 255);
    instance.vrid = static_cast<std::uint8_t>(number % 255 + 1);
    topology.instances.push_back(instance);
  }
  return topology;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_thousand_instances_come_and_go_in_a_running_engine_of_a_hundred_thousand) {
  Scenario scenario;
  scenario.add_notifier();
  scenario.topology = topology_of(0, 100'000);
  scenario.begin();
  scenario.happen(core::Observation(core::KernelReadComplete{}));
  scenario.happen(core::Observation(core::DbusOwnerFound{}));
  for (core::InstanceIndex index = 0; index < 100'000; ++index) {
    scenario.happen(core::Observation(
        core::StateSeen{core::Witness::dbus, index, VrrpState::backup, true, std::nullopt}));
  }
  scenario.advance(10);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  BOOST_TEST(scenario.last().changes.size() == 100'000U);
  scenario.attempts().clear();
  // The first thousand go, a new thousand comes.
  scenario.topology = topology_of(1000, 100'000);
  scenario.configure();
  for (core::InstanceIndex index = 99'000; index < 100'000; ++index) {
    scenario.happen(core::Observation(
        core::StateSeen{core::Witness::dbus, index, VrrpState::fault, true, std::nullopt}));
  }
  scenario.advance(10);
  BOOST_REQUIRE_EQUAL(scenario.attempts().size(), 1U);
  BOOST_TEST(scenario.last().changes.size() == 2000U);
  BOOST_TEST(scenario.engine().instances().size() == 101'000U);
  // And a restart finds all of them again.
  Scenario next;
  next.topology = scenario.topology;
  next.settings = scenario.settings;
  next.former = scenario.engine().ledger();
  next.begin();
  BOOST_TEST(next.engine().instances().size() == 101'000U);
}

BOOST_AUTO_TEST_CASE(rows_of_erased_instances_are_used_again) {
  core::Registry registry;
  const core::KeepalivedId keepalived{};
  std::size_t highest = 0;
  for (std::size_t round = 0; round < 1000; ++round) {
    core::Instance instance;
    instance.name = "VI_" + std::to_string(round);
    const core::InstanceId id = registry.add(keepalived, instance);
    highest = std::max(highest, core::position_of(id));
    BOOST_TEST((registry.find(keepalived, instance.name) == id));
    registry.erase(id);
    BOOST_TEST(!registry.find(keepalived, instance.name).has_value());
  }
  BOOST_TEST(highest == 0U);
  BOOST_TEST(registry.size() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
