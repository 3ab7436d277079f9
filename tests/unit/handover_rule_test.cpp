// SPDX-License-Identifier: MIT
/// @file
/// Which of several workers works: a table, and then all orders in which announcements can arrive.
#define BOOST_TEST_DYN_LINK
#include "ledger/handover_rule.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "ledger/takeover.hpp"

using namespace batch_notifier;
using ledger::WorkerDecision;
using ledger::WorkerPhase;
using ledger::WorkerStatus;
using ledger::WorkerStep;
using std::chrono::seconds;

namespace {

constexpr core::MonotonicTime began{seconds(100)};
constexpr core::MonotonicTime enough = began + ledger::takeover_patience;

WorkerStatus worker(WorkerPhase phase, int started, int slot = 0, core::MonotonicTime until = {}) {
  return {phase, core::MonotonicTime(seconds(started)), slot, until};
}

using Others = std::vector<std::optional<WorkerStatus>>;

struct Case {
  const char* title;
  WorkerPhase phase;
  Others others;
  core::MonotonicTime now;
  WorkerDecision expected;
};

constexpr WorkerPhase waits = WorkerPhase::waits;
constexpr WorkerPhase works = WorkerPhase::works;

constexpr core::MonotonicTime later = enough + seconds(2);
constexpr core::MonotonicTime latest = began + ledger::longest_takeover;

const std::vector<Case> cases = {
    {"alone", waits, {}, began, {WorkerStep::begin, {}}},
    {"alone at work", works, {}, began, {WorkerStep::stay, {}}},
    {"an older one works", waits, {worker(works, 1)}, began, {WorkerStep::stay, enough}},
    {"it does not finish", waits, {worker(works, 1)}, enough, {WorkerStep::force, {}}},
    {"it asks for time", waits, {worker(works, 1, 0, later)}, enough, {WorkerStep::stay, later}},
    {"it asks for too much time",
     waits,
     {worker(works, 1, 0, core::MonotonicTime::max())},
     enough,
     {WorkerStep::stay, latest}},
    {"it had asked for less time",
     waits,
     {worker(works, 1, 0, core::MonotonicTime::min())},
     began,
     {WorkerStep::stay, enough}},
    {"an older one waits", waits, {worker(waits, 1)}, began, {WorkerStep::stay, enough}},
    {"it does not begin", waits, {worker(waits, 1)}, enough, {WorkerStep::force, {}}},
    {"it waits for one that asks for time",
     waits,
     {worker(waits, 1, 0, later)},
     enough,
     {WorkerStep::stay, later}},
    {"an older one works, another waits behind it",
     waits,
     {worker(works, 1, 0, began), worker(waits, 2, 1, later)},
     enough,
     {WorkerStep::stay, later}},
    {"an unknown one", waits, {std::nullopt}, began, {WorkerStep::stay, enough}},
    {"it stays unknown", waits, {std::nullopt}, enough, {WorkerStep::force, {}}},
    {"a newer one waits", waits, {worker(waits, 9)}, began, {WorkerStep::begin, {}}},
    {"a newer one waits, an older one works",
     waits,
     {worker(waits, 9), worker(works, 1)},
     began,
     {WorkerStep::stay, enough}},
    {"a newer one works", waits, {worker(works, 9)}, began, {WorkerStep::end, {}}},
    {"at work, an older one waits", works, {worker(waits, 1)}, began, {WorkerStep::stay, {}}},
    {"at work, a newer one waits", works, {worker(waits, 9)}, began, {WorkerStep::hand_over, {}}},
    {"at work, a newer one works",
     works,
     {worker(waits, 9), worker(works, 8)},
     began,
     {WorkerStep::end, {}}},
    {"at work, an unknown one", works, {std::nullopt}, enough, {WorkerStep::stay, {}}},
    {"equally old, by slot", waits, {worker(works, 5, 1)}, began, {WorkerStep::stay, enough}},
    {"equally old, by slot, newer", waits, {worker(works, 5, 3)}, began, {WorkerStep::end, {}}},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(handover_rule)

BOOST_AUTO_TEST_CASE(each_case_has_its_step) {
  for (const Case& each : cases) {
    const WorkerDecision decision = decide(worker(each.phase, 5, 2), each.others, began, each.now);
    BOOST_TEST((decision == each.expected), each.title);
  }
}

BOOST_AUTO_TEST_CASE(of_two_that_wait_exactly_one_begins) {
  for (const int other : {1, 9}) {
    const WorkerStatus one = worker(waits, 5, 0);
    const WorkerStatus two = worker(waits, other, 1);
    const bool first = decide(one, {two}, began, began).step == WorkerStep::begin;
    const bool second = decide(two, {one}, began, began).step == WorkerStep::begin;
    BOOST_TEST(first != second);
  }
}

BOOST_AUTO_TEST_CASE(a_status_is_read_back_and_other_messages_are_not_one) {
  for (const WorkerStatus& status :
       {worker(waits, 5, 15, enough), worker(works, 0), WorkerStatus{}}) {
    BOOST_TEST((ledger::read_status(write_status(status)) == status));
  }
  for (const std::string message :
       {"", "batch_notifier 1 ledger", "batch_notifier 1 works ", "batch_notifier 1 works 1 2",
        "batch_notifier 1 works x 2 3", "batch_notifier 2 works 1 2 3"}) {
    BOOST_TEST(!ledger::read_status(message).has_value(), message);
  }
}

BOOST_AUTO_TEST_SUITE_END()
