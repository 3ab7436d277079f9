// SPDX-License-Identifier: MIT
/// @file
/// The loop against the real epoll(7) and timerfd(2); needs no privilege.
#define BOOST_TEST_DYN_LINK
#include "runtime/event_loop.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <optional>
#include <system_error>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/epoll.h>

#include "runtime/unique_fd.hpp"

using namespace batch_notifier;
using runtime::EventLoop;
using runtime::FdWatch;
using runtime::Pace;
using runtime::Timer;

namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    BOOST_REQUIRE_EQUAL(pipe(ends.data()), 0);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  void put() const { BOOST_REQUIRE_EQUAL(write(writer.get(), "x", 1), 1); }
  void take() const {
    char byte = 0;
    BOOST_REQUIRE_EQUAL(read(reader.get(), &byte, 1), 1);
  }
  runtime::UniqueFd reader;
  runtime::UniqueFd writer;
};

bool ready_within(const EventLoop& loop, int milliseconds) {
  pollfd descriptor{loop.fd(), POLLIN, 0};
  return poll(&descriptor, 1, milliseconds) == 1;
}

/// As a host does it, until the condition holds.
bool run_until(EventLoop& loop, const std::function<bool()>& condition) {
  for (int round = 0; round < 1000 && !condition(); ++round) {
    if (!ready_within(loop, 10'000)) {
      return false;
    }
    loop.dispatch();
  }
  return condition();
}

core::MonotonicTime in(int milliseconds) {
  return runtime::read_clocks().monotonic + std::chrono::milliseconds(milliseconds);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(event_loop)

BOOST_AUTO_TEST_CASE(an_idle_loop_is_not_ready) {
  EventLoop loop;
  const Pipe pipe;
  const FdWatch watch(loop, pipe.reader.get(), EPOLLIN, [](std::uint32_t) {});
  BOOST_TEST(!ready_within(loop, 0));
  loop.dispatch();
  BOOST_TEST(!ready_within(loop, 20));
}

BOOST_AUTO_TEST_CASE(a_ready_descriptor_is_handled_as_long_as_it_is_ready) {
  EventLoop loop;
  const Pipe pipe;
  int handled = 0;
  FdWatch watch(loop, pipe.reader.get(), EPOLLIN, [&](std::uint32_t events) {
    BOOST_TEST(events == EPOLLIN);
    ++handled;
  });
  pipe.put();
  BOOST_TEST(run_until(loop, [&] { return handled == 3; }));
  watch.set_events(0);
  BOOST_TEST(!ready_within(loop, 20));
  watch.set_events(EPOLLIN);
  BOOST_TEST(run_until(loop, [&] { return handled == 4; }));
}

BOOST_AUTO_TEST_CASE(a_watch_may_be_destroyed_by_any_handler) {
  EventLoop loop;
  const Pipe first;
  const Pipe second;
  std::optional<FdWatch> one;
  std::optional<FdWatch> other;
  int handled = 0;
  const auto destroy_both = [&](std::uint32_t) {
    ++handled;
    one.reset();
    other.reset();
  };
  one.emplace(loop, first.reader.get(), EPOLLIN, destroy_both);
  other.emplace(loop, second.reader.get(), EPOLLIN, destroy_both);
  first.put();
  second.put();
  loop.dispatch();
  BOOST_TEST(handled == 1);
  BOOST_TEST(!ready_within(loop, 0));
}

BOOST_AUTO_TEST_CASE(watching_an_invalid_descriptor_throws) {
  EventLoop loop;
  BOOST_CHECK_THROW(FdWatch(loop, -1, EPOLLIN, [](std::uint32_t) {}), std::system_error);
  loop.dispatch();
}

BOOST_AUTO_TEST_CASE(timers_fire_once_and_in_order) {
  EventLoop loop;
  std::vector<int> fired;
  Timer late(loop, [&] { fired.push_back(2); });
  Timer early(loop, [&] { fired.push_back(1); });
  Timer cancelled(loop, [&] { fired.push_back(3); });
  late.set(in(20));
  early.set(in(10));
  cancelled.set(in(15));
  cancelled.cancel();
  BOOST_TEST(run_until(loop, [&] { return fired.size() == 2; }));
  BOOST_TEST((fired == std::vector{1, 2}));
  BOOST_TEST(!early.deadline().has_value());
  BOOST_TEST(!ready_within(loop, 20));
}

BOOST_AUTO_TEST_CASE(a_timer_in_the_past_fires_at_once_and_can_be_set_again_by_itself) {
  EventLoop loop;
  int fired = 0;
  std::optional<Timer> timer;
  timer.emplace(loop, [&] {
    if (++fired < 3) {
      timer->set(core::MonotonicTime());
    }
  });
  timer->set(core::MonotonicTime(core::Duration(-5)));
  BOOST_TEST(run_until(loop, [&] { return fired == 3; }));
  BOOST_TEST(!ready_within(loop, 20));
}

BOOST_AUTO_TEST_CASE(a_timer_may_be_destroyed_by_another) {
  EventLoop loop;
  int fired = 0;
  std::optional<Timer> victim;
  Timer killer(loop, [&] {
    ++fired;
    victim.reset();
  });
  victim.emplace(loop, [&] { fired += 100; });
  killer.set(core::MonotonicTime(core::Duration(1)));
  victim->set(core::MonotonicTime(core::Duration(2)));
  BOOST_TEST(run_until(loop, [&] { return fired != 0; }));
  loop.dispatch();
  BOOST_TEST(fired == 1);
}

BOOST_AUTO_TEST_CASE(gathered_descriptors_rest_after_having_been_handled) {
  EventLoop loop;
  const Pipe gathered;
  const Pipe immediate;
  int of_gathered = 0;
  int of_immediate = 0;
  const FdWatch slow(
      loop, gathered.reader.get(), EPOLLIN,
      [&](std::uint32_t) {
        ++of_gathered;
        gathered.take();
      },
      Pace::gathered);
  const FdWatch fast(loop, immediate.reader.get(), EPOLLIN, [&](std::uint32_t) {
    ++of_immediate;
    immediate.take();
  });
  gathered.put();
  loop.dispatch();
  BOOST_TEST(of_gathered == 1);
  const core::MonotonicTime handled_at = runtime::read_clocks().monotonic;
  gathered.put();
  immediate.put();
  loop.dispatch();
  BOOST_TEST(of_immediate == 1);
  BOOST_TEST(run_until(loop, [&] { return of_gathered == 2; }));
  BOOST_TEST((runtime::read_clocks().monotonic - handled_at >=
              runtime::gathering_rest - std::chrono::milliseconds(1)));
  // One more wake-up ends the rest, and then there is silence.
  BOOST_TEST(ready_within(loop, 10'000));
  loop.dispatch();
  BOOST_TEST(!ready_within(loop, 20));
}

BOOST_AUTO_TEST_SUITE_END()
