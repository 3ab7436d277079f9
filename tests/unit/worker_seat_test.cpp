// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "loader/worker_seat.hpp"

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include <boost/test/unit_test.hpp>
#include <sys/wait.h>

namespace batch_notifier::loader {

namespace {

/// Runs `body` in a fork, as a worker, to its end.
template <typename Body>
void in_worker(Body body) {
  const pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  BOOST_REQUIRE_EQUAL(waitpid(pid, nullptr, 0), pid);
}

bool becomes_overdue(const WorkerSeat& seat) {
  pollfd timer{seat.timer_fd(), POLLIN, 0};
  return poll(&timer, 1, 10'000) == 1 && seat.overdue();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(worker_seat)

BOOST_AUTO_TEST_CASE(a_turn_that_takes_too_long_is_seen_from_outside) {
  WorkerSeat seat;
  BOOST_TEST(!seat.overdue());
  in_worker([&] { seat.begin_turn(std::chrono::milliseconds(20)); });
  BOOST_TEST(becomes_overdue(seat));
  BOOST_TEST(seat.overdue());
  BOOST_TEST((seat.limit() == std::chrono::milliseconds(20)));
  in_worker([&] { seat.end_turn(); });
  BOOST_TEST(!seat.overdue());
}

BOOST_AUTO_TEST_CASE(a_turn_that_ends_in_time_disarms_the_timer) {
  WorkerSeat seat;
  in_worker([&] {
    seat.begin_turn(std::chrono::milliseconds(20));
    seat.end_turn();
  });
  pollfd timer{seat.timer_fd(), POLLIN, 0};
  BOOST_TEST(poll(&timer, 1, 100) == 0);
}

BOOST_AUTO_TEST_CASE(the_exit_status_is_known_to_others_than_the_parent) {
  WorkerSeat seat;
  BOOST_TEST(!seat.noted_exit().has_value());
  in_worker([&] { seat.note_exit(4); });
  BOOST_TEST(seat.noted_exit().value() == 4);
  const WorkerSeat moved = std::move(seat);
  BOOST_TEST(moved.noted_exit().value() == 4);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace batch_notifier::loader
