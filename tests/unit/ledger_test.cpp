// SPDX-License-Identifier: MIT
/// @file
/// One run after another: what a consumer notices of a restart.
#define BOOST_TEST_DYN_LINK
#include "core/ledger.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "ledger/ledger_format.hpp"
#include "tests/support/printing.hpp"  // IWYU pragma: keep
#include "tests/unit/scenario.hpp"

using namespace batch_notifier;
using core::Cause;
using core::DeliveryStatus;
using core::VrrpState;
using tests::Scenario;

namespace {

void set_up(Scenario& scenario) {
  scenario.add_instance("VI_1");
  scenario.add_instance("VI_2");
  scenario.add_notifier().target = {"/bin/consumer"};
}

/// Makes `next` the run after `former`, by way of the ledger as it is kept in a file.
void follow(Scenario& next, Scenario& former) {
  const core::Ledger ledger = former.engine().ledger();
  next.former = batch_notifier::ledger::read_ledger(batch_notifier::ledger::write_ledger(ledger));
  BOOST_TEST((next.former == ledger));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger)

BOOST_AUTO_TEST_CASE(a_restart_in_which_nothing_happened_is_not_noticed) {
  Scenario first;
  set_up(first);
  first.begin_settled(VrrpState::master);
  Scenario second;
  set_up(second);
  follow(second, first);
  second.begin_settled(VrrpState::master);
  second.advance(100);
  BOOST_TEST(second.attempts().empty());
  BOOST_TEST((second.engine().ledger() == second.former));
}

BOOST_AUTO_TEST_CASE(changes_between_two_runs_are_delivered_as_differences) {
  Scenario first;
  set_up(first);
  first.begin_settled();
  Scenario second;
  set_up(second);
  follow(second, first);
  second.begin();
  second.happen(core::Observation(core::DbusOwnerFound{}));
  second.answer("VI_1", VrrpState::fault);
  second.answer("VI_2", VrrpState::backup);
  second.happen(core::Observation(core::DbusReadComplete{}));
  second.happen(core::Observation(core::KernelReadComplete{}));
  second.advance(10);
  BOOST_REQUIRE_EQUAL(second.attempts().size(), 1U);
  BOOST_TEST(!second.last().snapshot);
  BOOST_REQUIRE_EQUAL(second.last().changes.size(), 1U);
  const core::Change& change = second.last().changes[0];
  BOOST_TEST(change.previous == VrrpState::backup);
  BOOST_TEST(change.state == VrrpState::fault);
  BOOST_TEST(change.cause == Cause::resync);
}

BOOST_AUTO_TEST_CASE(pending_changes_are_carried_over) {
  Scenario first;
  set_up(first);
  first.begin_settled();
  first.answer_with(0, DeliveryStatus::failed);
  first.change("VI_1", VrrpState::fault);
  first.advance(5);
  first.change("VI_1", VrrpState::backup);
  first.change("VI_1", VrrpState::fault);
  first.advance(1);
  Scenario second;
  set_up(second);
  follow(second, first);
  second.begin_settled(VrrpState::backup);
  // The consumer may have been told FAULT, so BACKUP is news to it.
  BOOST_REQUIRE_EQUAL(second.attempts().size(), 1U);
  BOOST_REQUIRE_EQUAL(second.last().changes.size(), 1U);
  const core::Change& change = second.last().changes[0];
  BOOST_TEST(change.previous == VrrpState::backup);
  BOOST_TEST(change.state == VrrpState::backup);
  BOOST_TEST(change.transitions == 4U);
  BOOST_TEST(change.path.size() == 5U);
}

BOOST_AUTO_TEST_CASE(a_batch_in_flight_counts_as_perhaps_seen) {
  Scenario first;
  set_up(first);
  first.begin_settled();
  first.answer_with(0, std::nullopt);
  first.change("VI_1", VrrpState::fault);
  first.advance(1);
  const core::Ledger ledger = first.engine().ledger();
  BOOST_TEST(ledger.notifiers.at(0).told.at(0).uncertain);
  BOOST_TEST(!ledger.notifiers.at(0).told.at(1).uncertain);
  first.finish(0, {});
  BOOST_TEST(!first.engine().ledger().notifiers.at(0).told.at(0).uncertain);
}

BOOST_AUTO_TEST_CASE(a_promotion_during_a_restart_is_held) {
  Scenario first;
  set_up(first);
  first.begin_settled();
  Scenario second;
  set_up(second);
  follow(second, first);
  second.begin();
  second.happen(core::Observation(core::DbusOwnerFound{}));
  second.happen(core::Observation(core::KernelReadComplete{}));
  second.answer("VI_1", VrrpState::master);
  second.answer("VI_2", VrrpState::backup);
  second.happen(core::Observation(core::DbusReadComplete{}));
  second.advance(0.5);
  second.signal("VI_1", VrrpState::backup);
  second.advance(10);
  BOOST_TEST(second.attempts().empty());
}

BOOST_AUTO_TEST_CASE(a_removed_instance_is_told_deleted_once) {
  Scenario first;
  set_up(first);
  first.begin_settled();
  first.happen(core::Observation(core::KeepalivedWatched{}));
  first.hand_over();
  Scenario second;
  second.add_instance("VI_2");
  second.add_notifier().target = {"/bin/consumer"};
  follow(second, first);
  second.begin();
  second.happen(core::Observation(core::DbusOwnerFound{}));
  second.answer("VI_2", VrrpState::backup);
  second.happen(core::Observation(core::DbusReadComplete{}));
  second.happen(core::Observation(core::KernelReadComplete{}));
  second.advance(10);
  BOOST_REQUIRE_EQUAL(second.attempts().size(), 1U);
  BOOST_REQUIRE_EQUAL(second.last().changes.size(), 1U);
  const core::Change& change = second.last().changes[0];
  BOOST_TEST(change.instance == "VI_1");
  BOOST_TEST(change.previous == VrrpState::backup);
  BOOST_TEST(change.state == VrrpState::deleted);
  second.happen(core::Observation(core::KeepalivedEnded{}));
  second.advance(10);
  BOOST_TEST(!Scenario::entry(second.last(), "VI_1").has_value());
  // Once everybody knows, it is told no more.
  Scenario third;
  third.add_instance("VI_2");
  third.add_notifier().target = {"/bin/consumer"};
  follow(third, second);
  third.begin_settled();
  third.advance(10);
  BOOST_REQUIRE_EQUAL(third.attempts().size(), 1U);
  BOOST_TEST(third.last().changes.size() == 1U);
  BOOST_TEST(third.last().changes[0].instance == "VI_2");
  // And should it come back, that is where it comes from.
  Scenario fourth;
  set_up(fourth);
  follow(fourth, third);
  fourth.begin_settled();
  fourth.advance(10);
  BOOST_REQUIRE_EQUAL(fourth.attempts().size(), 1U);
  BOOST_REQUIRE_EQUAL(fourth.last().changes.size(), 1U);
  BOOST_TEST(fourth.last().changes[0].previous == VrrpState::deleted);
  BOOST_TEST(fourth.last().changes[0].state == VrrpState::backup);
}

BOOST_AUTO_TEST_CASE(names_that_come_and_go_are_not_kept_for_ever) {
  core::Ledger ledger;
  for (int run = 0; run < 1500; ++run) {
    Scenario scenario;
    scenario.add_instance("VI_" + std::to_string(run));
    scenario.add_notifier().target = {"/bin/consumer"};
    scenario.former = ledger;
    scenario.begin_settled();
    scenario.advance(10);
    ledger = scenario.engine().ledger();
  }
  BOOST_TEST(ledger.instances.size() == 1 + core::remembered_at_most);
  BOOST_TEST(ledger.instances.front().name == "VI_1499");
}

BOOST_AUTO_TEST_CASE(a_new_consumer_gets_a_snapshot_and_an_old_one_does_not) {
  Scenario first;
  set_up(first);
  first.begin_settled();
  Scenario second;
  set_up(second);
  // In another place and with other options, but the same consumer.
  second.settings.notifiers.clear();
  second.add_notifier().target = {"/bin/other"};
  second.add_notifier().target = {"/bin/consumer"};
  second.settings.notifiers[1].timeout = core::Duration(1);
  follow(second, first);
  second.begin_settled();
  BOOST_REQUIRE_EQUAL(second.attempts(0).size(), 1U);
  BOOST_TEST(second.last(0).snapshot);
  BOOST_TEST(second.attempts(1).empty());
}

BOOST_AUTO_TEST_CASE(a_ledger_with_changes_for_a_new_consumer_is_read_back) {
  Scenario first;
  set_up(first);
  first.begin_settled(VrrpState::master);
  Scenario second;
  set_up(second);
  second.add_notifier().target = {"/bin/new"};
  follow(second, first);
  second.answer_with(1, DeliveryStatus::failed);
  second.begin_settled(VrrpState::master);
  BOOST_TEST(second.last(1).snapshot);
  const core::Change& change = second.last(1).changes.at(0);
  BOOST_TEST(change.previous == VrrpState::init);
  BOOST_TEST(change.transitions == 1U);
  BOOST_TEST((change.path == std::vector{VrrpState::init, VrrpState::master}));
  Scenario third;
  set_up(third);
  third.add_notifier().target = {"/bin/new"};
  follow(third, second);
  third.begin_settled(VrrpState::master);
  third.advance(10);
  BOOST_TEST(third.attempts(0).empty());
  BOOST_REQUIRE_EQUAL(third.attempts(1).size(), 1U);
  BOOST_TEST(third.last(1).snapshot);
}

BOOST_AUTO_TEST_CASE(a_held_promotion_goes_on_over_restarts) {
  Scenario first;
  set_up(first);
  first.begin_settled();
  first.happen(core::Observation(core::KeepalivedWatched{}));
  first.change("VI_1", VrrpState::master);
  first.advance(0.5);
  const auto go_on = [](Scenario& next, Scenario& former) {
    set_up(next);
    follow(next, former);
    next.begin();
    next.happen(core::Observation(core::KeepalivedWatched{}));
    next.happen(core::Observation(core::DbusBusLost{}));
    next.addresses("VI_1", 1);
    next.happen(core::Observation(core::KernelReadComplete{}));
    next.advance(0.5);
  };
  // Neither lasts as long as the hold, and nobody says it again.
  Scenario second;
  go_on(second, first);
  Scenario third;
  go_on(third, second);
  BOOST_TEST(third.attempts().empty());
  third.advance(10);
  BOOST_REQUIRE_EQUAL(third.attempts().size(), 1U);
  BOOST_TEST(Scenario::entry(third.last(), "VI_1")->state == VrrpState::master);
  BOOST_TEST(Scenario::entry(third.last(), "VI_1")->health == core::Health::ok);
}

BOOST_AUTO_TEST_CASE(only_a_run_that_can_have_missed_nothing_goes_on) {
  const core::RunIdentity run{"epoch", "node1", "100 200", "8:1", true};
  core::Ledger former;
  former.keepalived = "100 200";
  former.fifo = "8:1";
  BOOST_TEST(core::goes_on(former, run));
  BOOST_TEST(!core::goes_on(former, {"epoch", "node1", "100 201", "8:1", true}));
  BOOST_TEST(!core::goes_on(former, {"epoch", "node1", "", "8:1", true}));
  // It has been closed by everybody, with what was in it.
  const core::RunIdentity broken{"epoch", "node1", "100 200", "8:1", false};
  BOOST_TEST(!core::goes_on(former, broken));
  // A new one: what was in the old one is lost, unless it has been read to its end.
  const core::RunIdentity reloaded{"epoch", "node1", "100 200", "8:2", false};
  BOOST_TEST(!core::goes_on(former, reloaded));
  former.handed_over = true;
  BOOST_TEST(core::goes_on(former, reloaded));
  BOOST_TEST(core::goes_on(former, run));
  BOOST_TEST(core::goes_on(former, broken));
  BOOST_TEST(!core::goes_on(former, {"epoch", "node1", "100 201", "8:2", false}));
  // Without a FIFO nothing waits for the one that follows.
  former.handed_over = false;
  former.fifo.clear();
  BOOST_TEST(!core::goes_on(former, {"epoch", "node1", "100 200", "", false}));
  former.keepalived.clear();
  former.fifo = "8:1";
  BOOST_TEST(!core::goes_on(former, {"epoch", "node1", "", "8:1", true}));
}

BOOST_AUTO_TEST_CASE(the_ledger_notes_that_a_run_has_handed_over) {
  Scenario first;
  set_up(first);
  first.begin_settled();
  BOOST_TEST(first.engine().ledger().fifo == first.fifo);
  BOOST_TEST(!first.engine().ledger().handed_over);
  first.hand_over();
  BOOST_TEST(first.engine().ledger().handed_over);
}

BOOST_AUTO_TEST_CASE(the_last_report_of_another_keepalived_does_not_count) {
  Scenario first;
  set_up(first);
  first.begin_settled(VrrpState::fault);
  first.happen(core::Observation(core::KeepalivedWatched{}));
  Scenario second;
  set_up(second);
  second.keepalived = "101 200";
  follow(second, first);
  second.begin();
  second.happen(core::Observation(core::KernelReadComplete{}));
  second.happen(core::Observation(core::DbusBusLost{}));
  second.addresses("VI_1", 1);
  second.advance(10);
  BOOST_TEST(Scenario::entry(second.last(), "VI_1")->state == VrrpState::master);
}

BOOST_AUTO_TEST_CASE(the_last_report_of_the_same_keepalived_counts_over_a_restart) {
  Scenario first;
  set_up(first);
  first.begin_settled(VrrpState::fault);
  first.happen(core::Observation(core::KeepalivedWatched{}));
  BOOST_TEST((first.engine().ledger().instances.front().last_word == VrrpState::fault));
  Scenario second;
  set_up(second);
  follow(second, first);
  second.begin();
  second.happen(core::Observation(core::KernelReadComplete{}));
  second.happen(core::Observation(core::DbusBusLost{}));
  // Somebody adds a VIP by hand: that is no promotion.
  second.addresses("VI_1", 1);
  second.advance(10);
  BOOST_REQUIRE_EQUAL(second.attempts().size(), 1U);
  const core::Change change = *Scenario::entry(second.last(), "VI_1");
  BOOST_TEST(change.state == VrrpState::fault);
  BOOST_TEST(change.health == core::Health::vip_unexpected);
  BOOST_TEST(change.authority == core::Witness::fifo);
}

BOOST_AUTO_TEST_CASE(a_ledger_of_a_consumer_with_a_filter_is_read_back) {
  Scenario first;
  set_up(first);
  first.settings.notifiers[0].selects = [](const std::string& name) { return name == "VI_2"; };
  first.begin_settled(VrrpState::master);
  // The same consumer, and now it is to hear of every instance.
  Scenario second;
  set_up(second);
  follow(second, first);
  second.begin_settled(VrrpState::master);
  second.advance(10);
  BOOST_REQUIRE_EQUAL(second.attempts().size(), 1U);
  BOOST_REQUIRE_EQUAL(second.last().changes.size(), 1U);
  const core::Change& change = second.last().changes[0];
  BOOST_TEST(change.instance == "VI_1");
  BOOST_TEST(change.previous == VrrpState::init);
  BOOST_TEST(change.state == VrrpState::master);
}

BOOST_AUTO_TEST_CASE(a_removed_instance_that_no_consumer_knows_is_forgotten) {
  Scenario first;
  set_up(first);
  first.settings.notifiers[0].selects = [](const std::string& name) { return name == "VI_2"; };
  first.begin_settled();
  Scenario second;
  second.add_instance("VI_2");
  second.add_notifier().target = {"/bin/consumer"};
  follow(second, first);
  second.begin_settled();
  second.advance(10);
  BOOST_TEST(second.attempts().empty());
  Scenario third;
  third.add_instance("VI_2");
  third.add_notifier().target = {"/bin/consumer"};
  follow(third, second);
  BOOST_TEST(third.former.instances.size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_instance_that_comes_back_starts_without_its_old_state) {
  Scenario first;
  set_up(first);
  first.begin_settled();
  Scenario second;
  second.add_instance("VI_2");
  second.add_notifier().target = {"/bin/consumer"};
  follow(second, first);
  second.begin_settled();
  second.happen(core::Observation(core::KeepalivedWatched{}));
  second.hand_over();
  second.advance(1);
  Scenario third;
  set_up(third);
  follow(third, second);
  third.begin_settled(VrrpState::master);
  third.happen(core::Observation(core::DbusBusLost{}));
  third.advance(10);
  BOOST_TEST(third.row("VI_1").status.state == VrrpState::master);
}

BOOST_AUTO_TEST_CASE(handing_over_sends_nothing_more_and_waits_for_what_is_in_flight) {
  Scenario first;
  set_up(first);
  first.begin_settled();
  first.answer_with(0, std::nullopt);
  first.change("VI_1", VrrpState::fault);
  first.advance(1);
  first.change("VI_2", VrrpState::fault);
  first.attempts().clear();
  first.hand_over();
  first.advance(0.5);
  BOOST_TEST(!first.stopped().has_value());
  first.finish(0, {});
  BOOST_TEST(first.stopped().has_value());
  BOOST_TEST(first.attempts().empty());
  const core::Ledger ledger = first.engine().ledger();
  BOOST_TEST(ledger.notifiers.at(0).told.at(0).state == VrrpState::fault);
  BOOST_TEST(ledger.notifiers.at(0).told.at(1).state == VrrpState::backup);
  BOOST_TEST(ledger.notifiers.at(0).told.at(1).trail.transitions() == 1U);
}

BOOST_AUTO_TEST_CASE(the_same_consumer_twice_is_two) {
  std::vector<core::NotifierSettings> notifiers(3);
  notifiers[0].target = {"/bin/a", "b"};
  notifiers[1].target = {"/bin/a", "b"};
  notifiers[2].target = {"/bin/a b"};
  const std::vector<std::string> names = core::consumer_names(notifiers);
  BOOST_TEST(names[0] != names[1]);
  BOOST_TEST(names[0] != names[2]);
}

BOOST_AUTO_TEST_CASE(a_renamed_instance_in_fault_is_in_fault_still) {
  Scenario first;
  set_up(first);
  first.begin_settled(VrrpState::fault);
  Scenario second;
  set_up(second);
  second.topology.instances[0].name = "VI_renamed";
  follow(second, first);
  // keepalived says nothing of a rename, and without a bus the kernel has to do.
  second.begin();
  second.happen(core::Observation(core::DbusBusLost{}));
  second.happen(core::Observation(core::KernelReadComplete{}));
  second.advance(10);
  BOOST_REQUIRE_EQUAL(second.attempts().size(), 1U);
  const core::Batch& batch = second.last();
  BOOST_REQUIRE_EQUAL(batch.changes.size(), 2U);
  BOOST_TEST(Scenario::entry(batch, "VI_renamed")->state == VrrpState::fault);
  BOOST_TEST(Scenario::entry(batch, "VI_renamed")->previous == VrrpState::init);
  BOOST_TEST(Scenario::entry(batch, "VI_1")->state == VrrpState::deleted);
  // And back again, to a name that everybody knows as DELETED.
  Scenario third;
  set_up(third);
  follow(third, second);
  third.begin();
  third.happen(core::Observation(core::DbusBusLost{}));
  third.happen(core::Observation(core::KernelReadComplete{}));
  third.advance(10);
  BOOST_REQUIRE_EQUAL(third.attempts().size(), 1U);
  BOOST_TEST(Scenario::entry(third.last(), "VI_1")->state == VrrpState::fault);
  BOOST_TEST(Scenario::entry(third.last(), "VI_1")->previous == VrrpState::deleted);
  BOOST_TEST(Scenario::entry(third.last(), "VI_renamed")->state == VrrpState::deleted);
}

BOOST_AUTO_TEST_SUITE_END()
