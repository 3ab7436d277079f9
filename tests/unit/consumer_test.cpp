// SPDX-License-Identifier: MIT
/// @file
/// When a batch leaves, what it says, and what becomes of it when its consumer fails.
#define BOOST_TEST_DYN_LINK
#include <set>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/printing.hpp"  // IWYU pragma: keep
#include "tests/unit/scenario.hpp"

using namespace batch_notifier;
using core::Counter;
using core::DeliveryStatus;
using core::Duration;
using core::VrrpState;
using tests::Scenario;

namespace {

/// Two instances in BACKUP and one notifier that has been told so.
struct Stage : Scenario {
  Stage() {
    add_instance("VI_1");
    add_instance("VI_2");
    add_notifier();
  }
  void settle() {
    begin_settled();
    attempts().clear();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(consumer)

BOOST_AUTO_TEST_CASE(the_first_batch_of_a_consumer_of_some_states_is_a_snapshot_too) {
  Stage stage;
  stage.settings.notifiers[0].states = {VrrpState::fault, VrrpState::stop};
  stage.begin_settled();
  BOOST_TEST(stage.attempts().empty());
  BOOST_TEST(!stage.engine().ledger().notifiers[0].snapshot_told);
  stage.change("VI_2", VrrpState::fault);
  stage.advance(5);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 1U);
  BOOST_TEST(stage.last().snapshot);
  BOOST_TEST(stage.last().changes.size() == 1U);
  stage.change("VI_1", VrrpState::fault);
  stage.advance(5);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 2U);
  BOOST_TEST(!stage.last().snapshot);
}

BOOST_AUTO_TEST_CASE(a_stop_does_not_wait_for_a_snapshot_of_nothing) {
  Stage stage;
  stage.settings.notifiers[0].states = {VrrpState::master};
  stage.begin_settled();
  stage.happen(core::StopRequested{std::chrono::seconds(5)});
  stage.signal("VI_1", VrrpState::stop);
  stage.signal("VI_2", VrrpState::stop);
  stage.advance(1);
  BOOST_TEST(stage.stopped().value_or(false));
}

BOOST_AUTO_TEST_CASE(a_batch_closes_when_nothing_new_has_come) {
  Stage stage;
  stage.settle();
  const double began = stage.time();
  stage.change("VI_1", VrrpState::fault);
  stage.advance(0.09);
  stage.change("VI_2", VrrpState::fault);
  stage.advance(10);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 1U);
  BOOST_TEST(stage.attempts()[0].at == began + 0.19, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(stage.last().changes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_batch_closes_when_it_has_been_open_for_long) {
  Stage stage;
  stage.settle();
  const double began = stage.time();
  stage.change("VI_1", VrrpState::fault);
  for (int step = 0; step < 30; ++step) {
    stage.change("VI_2", step % 2 == 0 ? VrrpState::fault : VrrpState::backup);
    stage.advance(0.05);
  }
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 1U);
  BOOST_TEST(stage.attempts()[0].at == began + 1.0, boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(a_batch_closes_when_it_is_full) {
  Stage stage;
  stage.settings.timing.max_changes = 2;
  stage.settle();
  stage.change("VI_1", VrrpState::fault);
  BOOST_TEST(stage.attempts().empty());
  stage.change("VI_2", VrrpState::fault);
  BOOST_TEST(stage.attempts().size() == 1U);
}

BOOST_AUTO_TEST_CASE(two_batches_keep_their_distance) {
  Stage stage;
  stage.settle();
  stage.change("VI_1", VrrpState::fault);
  stage.advance(0.2);
  stage.change("VI_1", VrrpState::backup);
  stage.advance(10);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 2U);
  BOOST_TEST(stage.attempts()[1].at - stage.attempts()[0].at == 2.0,
             boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(flushing_waits_for_nothing) {
  Stage stage;
  stage.settle();
  stage.change("VI_1", VrrpState::fault);
  stage.happen(core::FlushRequested{});
  BOOST_TEST(stage.attempts().size() == 1U);
  stage.change("VI_1", VrrpState::backup);
  stage.happen(core::FlushRequested{});
  BOOST_TEST(stage.attempts().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_retry_of_the_same_content_keeps_its_identity) {
  Stage stage;
  stage.settle();
  stage.answer_with(0, DeliveryStatus::failed);
  stage.change("VI_1", VrrpState::fault);
  stage.advance(20);
  BOOST_REQUIRE(stage.attempts().size() >= 4U);
  const core::Batch& first = stage.attempts()[0].batch;
  for (std::size_t index = 1; index < stage.attempts().size(); ++index) {
    const core::Batch& again = stage.attempts()[index].batch;
    BOOST_TEST(again.id == first.id);
    BOOST_TEST(again.sequence == first.sequence);
    BOOST_TEST((again.changes == first.changes));
    BOOST_TEST((again.time == first.time));
    BOOST_TEST(again.attempt == index + 1);
  }
}

BOOST_AUTO_TEST_CASE(retries_back_off_to_retry_max) {
  Stage stage;
  stage.settings.notifiers[0].retry_max = Duration(8'000'000);
  stage.settle();
  stage.answer_with(0, DeliveryStatus::failed);
  stage.change("VI_1", VrrpState::fault);
  stage.advance(120);
  double expected = 1;
  for (std::size_t index = 1; index < stage.attempts().size(); ++index) {
    const double wait = stage.attempts()[index].at - stage.attempts()[index - 1].at;
    BOOST_TEST(wait >= 0.8 * expected - 1e-6);
    BOOST_TEST(wait <= 1.2 * expected + 1e-6);
    expected = std::min(expected * 2, 8.0);
  }
  BOOST_TEST(stage.count(Counter::deliveries_failed) == stage.attempts().size());
}

BOOST_AUTO_TEST_CASE(a_consumer_may_ask_for_more_time) {
  Stage stage;
  stage.settle();
  stage.answer_with(0, std::nullopt);
  stage.change("VI_1", VrrpState::fault);
  stage.advance(1);
  stage.finish(0, {DeliveryStatus::failed, "busy", Duration(30'000'000)});
  const double failed_at = stage.time();
  stage.advance(100);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 2U);
  BOOST_TEST(stage.attempts()[1].at - failed_at == 30.0, boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(newer_changes_are_merged_into_the_retry) {
  Stage stage;
  stage.settle();
  stage.answer_with(0, std::nullopt);
  stage.change("VI_1", VrrpState::fault);
  stage.advance(0.5);
  const core::Batch first = stage.last();
  stage.change("VI_1", VrrpState::stop);
  stage.change("VI_2", VrrpState::fault);
  stage.finish(0, {DeliveryStatus::failed, "no", std::nullopt});
  stage.answer_with(0, DeliveryStatus::delivered);
  stage.advance(20);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 2U);
  const core::Batch& merged = stage.last();
  BOOST_TEST(merged.sequence == first.sequence + 1);
  BOOST_TEST(merged.attempt == 1U);
  BOOST_TEST((merged.opened == first.opened));
  const core::Change change = *Scenario::entry(merged, "VI_1");
  BOOST_TEST(change.previous == VrrpState::backup);
  BOOST_TEST(change.state == VrrpState::stop);
  BOOST_TEST(change.transitions == 2U);
  BOOST_TEST((change.path == std::vector{VrrpState::backup, VrrpState::fault, VrrpState::stop}));
  BOOST_TEST(Scenario::entry(merged, "VI_2").has_value());
}

BOOST_AUTO_TEST_CASE(changes_during_a_delivery_begin_where_it_ended) {
  Stage stage;
  stage.settle();
  stage.answer_with(0, std::nullopt);
  stage.change("VI_1", VrrpState::fault);
  stage.advance(0.5);
  stage.change("VI_1", VrrpState::backup);
  stage.advance(5);
  BOOST_TEST(stage.attempts().size() == 1U);
  stage.finish(0, {});
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 2U);
  const core::Change change = stage.last().changes.at(0);
  BOOST_TEST(change.previous == VrrpState::fault);
  BOOST_TEST(change.state == VrrpState::backup);
  BOOST_TEST(change.transitions == 1U);
  BOOST_TEST((change.path == std::vector{VrrpState::fault, VrrpState::backup}));
}

BOOST_AUTO_TEST_CASE(a_state_that_a_failed_attempt_may_have_delivered_is_corrected) {
  // A command may do its work and then fail. If the instance has gone back meanwhile, silence would
  // leave that consumer with a state that is not true.
  struct Case {
    DeliveryStatus status;
    std::size_t attempts;
  };
  for (const Case& expected : {Case{DeliveryStatus::failed, 2}, Case{DeliveryStatus::unseen, 1}}) {
    Stage stage;
    stage.settle();
    stage.answer_with(0, std::nullopt);
    stage.change("VI_1", VrrpState::fault);
    stage.advance(0.5);
    stage.finish(0, {expected.status, "no", std::nullopt});
    stage.change("VI_1", VrrpState::backup);
    stage.answer_with(0, DeliveryStatus::delivered);
    stage.advance(60);
    BOOST_REQUIRE_EQUAL(stage.attempts().size(), expected.attempts);
    if (expected.attempts == 2) {
      const core::Change change = stage.last().changes.at(0);
      BOOST_TEST(change.previous == VrrpState::backup);
      BOOST_TEST(change.state == VrrpState::backup);
      BOOST_TEST(change.transitions == 2U);
      BOOST_TEST(stage.last().sequence == stage.attempts()[0].batch.sequence + 1);
    } else {
      BOOST_TEST(stage.count(Counter::suppressed_transitions) == 2U);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_refused_batch_is_dropped_and_its_instances_stay_unacknowledged) {
  Stage stage;
  stage.settle();
  stage.answer_with(0, DeliveryStatus::refused);
  stage.change("VI_1", VrrpState::fault);
  stage.advance(100);
  BOOST_TEST(stage.attempts().size() == 1U);
  BOOST_TEST(stage.count(Counter::deliveries_refused) == 1U);
  stage.answer_with(0, DeliveryStatus::delivered);
  stage.change("VI_1", VrrpState::backup);
  stage.advance(100);
  // It may have looked at what it refused, so going back to where it was is news.
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 2U);
  BOOST_TEST(stage.last().changes.at(0).previous == VrrpState::backup);
  BOOST_TEST(stage.last().changes.at(0).state == VrrpState::backup);
  BOOST_TEST(stage.last().changes.at(0).transitions == 2U);
}

BOOST_AUTO_TEST_CASE(instances_acknowledged_one_by_one_are_not_sent_again) {
  Stage stage;
  stage.settle();
  stage.answer_with(0, std::nullopt);
  stage.change("VI_1", VrrpState::fault);
  stage.change("VI_2", VrrpState::fault);
  stage.advance(0.5);
  BOOST_REQUIRE_EQUAL(stage.last().changes.size(), 2U);
  stage.finish(0, {DeliveryStatus::failed, "the second one failed", std::nullopt, {0}});
  stage.answer_with(0, DeliveryStatus::delivered);
  stage.advance(20);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 2U);
  BOOST_REQUIRE_EQUAL(stage.last().changes.size(), 1U);
  BOOST_TEST(stage.last().changes[0].instance == "VI_2");
  BOOST_TEST(stage.last().changes[0].previous == VrrpState::backup);
  BOOST_TEST(stage.last().sequence == stage.attempts()[0].batch.sequence + 1);
}

BOOST_AUTO_TEST_CASE(a_notifier_that_is_off_is_not_served_and_holds_up_nothing) {
  Stage stage;
  stage.settle();
  stage.answer_with(0, DeliveryStatus::off);
  stage.change("VI_1", VrrpState::fault);
  stage.advance(10);
  stage.change("VI_1", VrrpState::backup);
  stage.change("VI_2", VrrpState::fault);
  stage.advance(100);
  BOOST_TEST(stage.attempts().size() == 1U);
  const core::Ledger ledger = stage.engine().ledger();
  BOOST_TEST(ledger.notifiers.at(0).told.at(1).state == VrrpState::backup);
  BOOST_TEST(ledger.notifiers.at(0).told.at(1).trail.transitions() == 1U);
  stage.happen(core::StopRequested{Duration(5'000'000)});
  stage.signal("VI_1", VrrpState::stop);
  stage.signal("VI_2", VrrpState::stop);
  BOOST_TEST(stage.stopped().has_value());
}

BOOST_AUTO_TEST_CASE(a_failed_snapshot_stays_a_snapshot) {
  Stage stage;
  stage.answer_with(0, DeliveryStatus::failed);
  stage.begin_settled();
  stage.change("VI_2", VrrpState::fault);
  stage.answer_with(0, DeliveryStatus::delivered);
  stage.advance(60);
  BOOST_TEST(stage.last().snapshot);
  BOOST_TEST(stage.last().changes.size() == 2U);
  BOOST_TEST(Scenario::entry(stage.last(), "VI_2")->previous == VrrpState::init);
}

BOOST_AUTO_TEST_CASE(a_full_snapshot_is_repeated_on_request) {
  Stage stage;
  stage.settings.timing.repeat_interval = Duration(60'000'000);
  stage.settle();
  stage.change("VI_1", VrrpState::fault);
  stage.advance(61);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 2U);
  BOOST_TEST(!stage.attempts()[0].batch.snapshot);
  BOOST_TEST(stage.last().snapshot);
  BOOST_REQUIRE_EQUAL(stage.last().changes.size(), 2U);
  BOOST_TEST(stage.last().changes[0].cause == core::Cause::repeat);
  BOOST_TEST(stage.last().changes[0].previous == VrrpState::fault);
  BOOST_TEST(stage.last().changes[0].transitions == 0U);
  stage.advance(60);
  BOOST_TEST(stage.attempts().size() == 3U);
}

BOOST_AUTO_TEST_CASE(repeating_goes_on_when_there_was_nothing_to_repeat) {
  Stage stage;
  stage.settings.timing.repeat_interval = Duration(60'000'000);
  stage.settings.notifiers[0].states = {VrrpState::fault};
  stage.settle();
  stage.change("VI_1", VrrpState::fault);
  stage.advance(121);
  BOOST_REQUIRE(stage.attempts().size() >= 2U);
  BOOST_TEST(stage.last().snapshot);
  BOOST_TEST(stage.last().changes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(in_a_hurry_a_consumer_that_works_again_is_tried_at_once) {
  Stage stage;
  stage.settings.timing.wait = Duration(10'000'000);
  stage.settings.timing.max_wait = Duration(30'000'000);
  stage.settle();
  stage.answer_with(0, DeliveryStatus::failed);
  stage.change("VI_1", VrrpState::fault);
  stage.advance(100);
  stage.answer_with(0, DeliveryStatus::delivered);
  stage.happen(core::StopRequested{Duration(5'000'000)});
  stage.change("VI_1", VrrpState::stop);
  stage.advance(0.01);
  stage.change("VI_2", VrrpState::stop);
  stage.advance(1);
  BOOST_TEST(Scenario::entry(stage.last(), "VI_2")->state == VrrpState::stop);
  BOOST_REQUIRE(stage.stopped().has_value());
  BOOST_TEST(*stage.stopped());
}

BOOST_AUTO_TEST_CASE(a_health_corrected_after_a_failed_attempt_has_the_cause_health) {
  Stage stage;
  stage.settle();
  stage.answer_with(0, DeliveryStatus::failed);
  stage.addresses("VI_1", 1);
  stage.advance(1.2);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 1U);
  stage.addresses("VI_1", 0);
  stage.answer_with(0, DeliveryStatus::delivered);
  stage.advance(10);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 2U);
  BOOST_TEST(stage.last().changes.at(0).cause == core::Cause::health);
  BOOST_TEST(stage.last().changes.at(0).health == core::Health::ok);
}

BOOST_AUTO_TEST_CASE(flushing_nothing_has_no_effect_later) {
  Stage stage;
  stage.settle();
  stage.happen(core::FlushRequested{});
  stage.change("VI_1", VrrpState::fault);
  BOOST_TEST(stage.attempts().empty());
}

BOOST_AUTO_TEST_CASE(a_notifier_hears_only_of_the_instances_it_names) {
  Stage stage;
  stage.settings.notifiers[0].selects = [](const std::string& name) { return name == "VI_2"; };
  stage.begin_settled();
  stage.change("VI_1", VrrpState::fault);
  stage.change("VI_2", VrrpState::fault);
  stage.advance(10);
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 2U);
  for (const Scenario::Attempt& attempt : stage.attempts()) {
    BOOST_REQUIRE_EQUAL(attempt.batch.changes.size(), 1U);
    BOOST_TEST(attempt.batch.changes[0].instance == "VI_2");
  }
}

BOOST_AUTO_TEST_CASE(a_notifier_of_one_state_hears_of_it_every_time) {
  Stage stage;
  stage.settings.notifiers[0].states = {VrrpState::fault};
  stage.settle();
  BOOST_TEST(stage.count(Counter::batches_delivered) == 0U);
  for (int round = 0; round < 3; ++round) {
    stage.change("VI_1", VrrpState::fault);
    stage.advance(10);
    stage.change("VI_1", VrrpState::backup);
    stage.advance(10);
  }
  BOOST_REQUIRE_EQUAL(stage.attempts().size(), 3U);
  BOOST_TEST(stage.last().changes.at(0).previous == VrrpState::fault);
  BOOST_TEST(stage.last().changes.at(0).state == VrrpState::fault);
}

BOOST_AUTO_TEST_CASE(sequences_rise_and_an_id_means_one_content) {
  Stage stage;
  stage.settle();
  std::set<std::uint64_t> sequences;
  std::uint64_t newest = 0;
  for (int round = 0; round < 200; ++round) {
    stage.answer_with(0, round % 3 == 0 ? DeliveryStatus::failed : DeliveryStatus::delivered);
    stage.change(round % 2 == 0 ? "VI_1" : "VI_2",
                 round % 5 < 2 ? VrrpState::fault : VrrpState::backup);
    stage.advance(0.7);
  }
  std::map<std::string, std::vector<core::Change>> contents;
  for (const Scenario::Attempt& attempt : stage.attempts()) {
    BOOST_TEST(attempt.batch.sequence >= newest);
    BOOST_TEST((attempt.batch.sequence > newest || attempt.batch.attempt > 1));
    newest = attempt.batch.sequence;
    const auto [known, fresh] = contents.emplace(attempt.batch.id, attempt.batch.changes);
    BOOST_TEST((fresh || known->second == attempt.batch.changes));
  }
  BOOST_TEST(contents.size() > 10U);
}

BOOST_AUTO_TEST_SUITE_END()
