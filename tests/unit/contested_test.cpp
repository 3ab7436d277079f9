// SPDX-License-Identifier: MIT
/// @file
/// A MASTER that hears a MASTER of lower priority, as the survivor of a split brain does: what lies
/// outside may have followed the other one, so every consumer is told once more.
#define BOOST_TEST_DYN_LINK
#include <optional>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/printing.hpp"
#include "tests/unit/scenario.hpp"

using namespace batch_notifier;
using namespace batch_notifier::tests;
using core::Cause;
using core::DeliveryStatus;
using core::VrrpState;

namespace {

/// VI_1 and VI_2 in one state, known to one consumer.
struct Stage : Scenario {
  explicit Stage(VrrpState state = VrrpState::master) {
    add_instance("VI_1");
    add_instance("VI_2");
    add_notifier();
    begin_settled(state);
    advance(10);
    attempts().clear();
  }
  void contest() { happen(core::PrioritySeen{0, 150, /*contested=*/true}); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(contested)

BOOST_AUTO_TEST_CASE(a_contested_master_is_told_again) {
  Stage stage;
  stage.contest();
  stage.advance(10);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 1U);
  BOOST_REQUIRE_EQUAL(stage.last().changes.size(), 1U);
  const core::Change& change = stage.last().changes.front();
  BOOST_TEST(change.instance == "VI_1");
  BOOST_TEST(change.previous == VrrpState::master);
  BOOST_TEST(change.state == VrrpState::master);
  BOOST_TEST(change.cause == Cause::contested);
  BOOST_TEST(change.transitions == 0U);
  BOOST_TEST((change.path == std::vector{VrrpState::master}));
}

BOOST_AUTO_TEST_CASE(adverts_of_one_window_are_told_once) {
  Stage stage;
  for (int advert = 0; advert < 100; ++advert) {
    stage.contest();
    stage.advance(0.001);
  }
  stage.advance(30);
  BOOST_TEST(stage.attempts().size() == 1U);
}

BOOST_AUTO_TEST_CASE(who_is_not_master_is_not_contested) {
  Stage stage(VrrpState::backup);
  stage.contest();
  stage.advance(30);
  BOOST_TEST(stage.attempts().size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_change_of_state_in_the_same_window_is_told_as_that) {
  Stage stage;
  stage.contest();
  stage.change("VI_1", VrrpState::fault);
  stage.advance(30);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 1U);
  BOOST_TEST(stage.last().changes.front().state == VrrpState::fault);
  BOOST_TEST(stage.last().changes.front().cause == Cause::signal);
}

BOOST_AUTO_TEST_CASE(what_failed_to_be_told_is_told_when_the_consumer_is_back) {
  Stage stage;
  stage.answer_with(0, DeliveryStatus::unseen);
  stage.contest();
  stage.advance(0.5);
  BOOST_TEST(stage.attempts().size() == 1U);
  stage.answer_with(0, DeliveryStatus::delivered);
  stage.advance(30);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 2U);
  BOOST_TEST(stage.last().changes.front().cause == Cause::contested);
  BOOST_TEST(stage.last().attempt == 2U);
}

BOOST_AUTO_TEST_CASE(an_advert_during_the_delivery_is_told_with_the_next) {
  Stage stage;
  stage.answer_with(0, std::nullopt);
  stage.contest();
  stage.advance(0.5);
  stage.contest();
  stage.answer_with(0, DeliveryStatus::delivered);
  stage.finish(0, {});
  stage.advance(30);
  BOOST_TEST(stage.attempts().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_restart_before_it_was_told_does_not_lose_it) {
  Stage stage;
  stage.answer_with(0, std::nullopt);
  stage.contest();
  stage.advance(0.5);
  const core::Ledger ledger = stage.engine().ledger();
  BOOST_TEST(ledger.notifiers.front().told.front().uncertain);
  BOOST_TEST(!ledger.notifiers.front().told.back().uncertain);
}

BOOST_AUTO_TEST_SUITE_END()
