// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "loader/restart_policy.hpp"

#include <chrono>
#include <optional>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace batch_notifier::loader {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::optional<int> killed;
constexpr core::MonotonicTime start_of_time{};

// What follows a worker that lived for `life`: a delay in milliseconds, or -1 - exit status.
class History {
 public:
  long worker(core::Duration life, std::optional<int> exit_status) {
    policy.worker_started(now_);
    return end(life, exit_status);
  }
  long end(core::Duration life, std::optional<int> exit_status) {
    now_ += life;
    const Decision decision = policy.worker_ended(exit_status, now_);
    if (const auto* exit = std::get_if<ExitWith>(&decision)) {
      return exited(exit->status);
    }
    return std::chrono::duration_cast<milliseconds>(std::get<RestartAfter>(decision).delay).count();
  }
  static constexpr long exited(int status) { return -1 - status; }

  RestartPolicy policy;

 private:
  core::MonotonicTime now_ = start_of_time;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(restart_policy)

BOOST_AUTO_TEST_CASE(delays_double_up_to_five_seconds) {
  History history;
  for (const long delay : {100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000}) {
    BOOST_TEST(history.worker(seconds(1), killed) == delay);
  }
}

BOOST_AUTO_TEST_CASE(a_healthy_life_begins_the_delays_anew) {
  History history;
  BOOST_TEST(history.worker(seconds(1), killed) == 100);
  BOOST_TEST(history.worker(seconds(60) - milliseconds(1), 1) == 200);
  BOOST_TEST(history.worker(seconds(60), 1) == 100);
  BOOST_TEST(history.worker(seconds(0), killed) == 200);
}

BOOST_AUTO_TEST_CASE(the_status_of_the_first_worker_decides) {
  struct Case {
    std::optional<int> exit_status;
    long expected;
  };
  const std::vector<Case> cases = {
      {0, History::exited(0)}, {1, 100}, {2, 100}, {4, History::exited(4)}, {5, 100}, {killed, 100},
  };
  for (const Case& each : cases) {
    BOOST_TEST_CONTEXT("status " << each.exit_status.value_or(-1)) {
      BOOST_TEST(History().worker(seconds(1), each.exit_status) == each.expected);
    }
  }
}

BOOST_AUTO_TEST_CASE(unreadable_is_retried_once_it_has_been_readable) {
  History history;
  BOOST_TEST(history.worker(seconds(1), killed) == 100);
  BOOST_TEST(history.worker(seconds(1), 4) == 200);
  BOOST_TEST(history.worker(seconds(1), 4) == 400);
}

BOOST_AUTO_TEST_CASE(a_worker_that_leaves_later_ends_the_supervisor) {
  History history;
  BOOST_TEST(history.worker(seconds(1), killed) == 100);
  BOOST_TEST(history.worker(seconds(1), 0) == History::exited(0));
}

BOOST_AUTO_TEST_CASE(a_failed_fork_is_retried_and_is_no_first_worker) {
  History history;
  BOOST_TEST(history.end(seconds(100), killed) == 100);
  BOOST_TEST(history.end(seconds(100), killed) == 200);
  BOOST_TEST(history.worker(seconds(1), 4) == History::exited(4));
}

BOOST_AUTO_TEST_CASE(a_failed_fork_after_a_healthy_worker_counts_from_there) {
  History history;
  BOOST_TEST(history.worker(seconds(100), killed) == 100);
  BOOST_TEST(history.end(seconds(100), killed) == 200);
  BOOST_TEST(history.end(seconds(100), killed) == 400);
}

BOOST_AUTO_TEST_CASE(a_worker_that_fails_to_stop_is_replaced_at_once_and_not_for_ever) {
  for (const std::optional<int> failure : {killed, std::optional<int>(1), std::optional<int>(4)}) {
    BOOST_TEST_CONTEXT("status " << failure.value_or(-1)) {
      History history;
      BOOST_TEST(history.worker(seconds(1), killed) == 100);
      BOOST_TEST(history.worker(seconds(1), killed) == 200);
      history.policy.stop_requested();
      BOOST_TEST(history.worker(seconds(1), failure) == 0);
      BOOST_TEST(history.worker(seconds(1), failure) == 0);
      BOOST_TEST(history.worker(seconds(1), failure) == History::exited(1));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_worker_that_stops_ends_the_supervisor) {
  History history;
  history.policy.stop_requested();
  BOOST_TEST(history.worker(seconds(1), killed) == 0);
  BOOST_TEST(history.worker(seconds(1), 0) == History::exited(0));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace batch_notifier::loader
