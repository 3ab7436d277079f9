// SPDX-License-Identifier: MIT
/// @file
/// One run after another: what a consumer notices of a restart.
#define BOOST_TEST_DYN_LINK
#include "core/ledger.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

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

/// Makes `next` the run after `former`, with the same configuration.
void follow(Scenario& next, Scenario& former) {
  next.former = former.engine().ledger();
  next.topology = core::with_removed(next.topology, next.former);
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

BOOST_AUTO_TEST_CASE(what_was_missed_is_told_as_a_difference) {
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
  BOOST_TEST((change.previous == VrrpState::backup));
  BOOST_TEST((change.state == VrrpState::fault));
  BOOST_TEST((change.cause == Cause::resync));
}

BOOST_AUTO_TEST_CASE(what_is_pending_is_carried_over) {
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
  BOOST_TEST((change.previous == VrrpState::backup));
  BOOST_TEST((change.state == VrrpState::backup));
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
  Scenario second;
  second.add_instance("VI_2");
  second.add_notifier().target = {"/bin/consumer"};
  follow(second, first);
  BOOST_REQUIRE_EQUAL(second.topology.instances.size(), 2U);
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
  BOOST_TEST((change.previous == VrrpState::backup));
  BOOST_TEST((change.state == VrrpState::deleted));
  // Once everybody knows, it is forgotten.
  Scenario third;
  third.add_instance("VI_2");
  third.add_notifier().target = {"/bin/consumer"};
  follow(third, second);
  BOOST_TEST(third.topology.instances.size() == 1U);
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

BOOST_AUTO_TEST_CASE(handing_over_sends_nothing_more_and_waits_for_what_is_in_flight) {
  Scenario first;
  set_up(first);
  first.begin_settled();
  first.answer_with(0, std::nullopt);
  first.change("VI_1", VrrpState::fault);
  first.advance(1);
  first.change("VI_2", VrrpState::fault);
  first.attempts().clear();
  first.happen(core::HandoverRequested{core::Duration(1'000'000)});
  first.advance(0.5);
  BOOST_TEST(!first.stopped().has_value());
  first.finish(0, {});
  BOOST_TEST(first.stopped().has_value());
  BOOST_TEST(first.attempts().empty());
  const core::Ledger ledger = first.engine().ledger();
  BOOST_TEST((ledger.notifiers.at(0).told.at(0).state == VrrpState::fault));
  BOOST_TEST((ledger.notifiers.at(0).told.at(1).state == VrrpState::backup));
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

BOOST_AUTO_TEST_SUITE_END()
