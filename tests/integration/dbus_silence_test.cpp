// SPDX-License-Identifier: MIT
/// @file
/// A keepalived that does not answer on a real bus: when that is reported, and what ends it.
#define BOOST_TEST_DYN_LINK
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/bus_peer.hpp"
#include "tests/support/dbus_bench.hpp"
#include "tests/support/private_bus.hpp"

namespace {

using batch_notifier::core::Counter;
using batch_notifier::tests::Attached;
using batch_notifier::tests::DbusBench;
using batch_notifier::tests::fault;
using batch_notifier::tests::master;
using batch_notifier::tests::PrivateBus;
using Words = std::vector<std::string>;

constexpr std::uint32_t stop = 98;

/// Two instances, and keepalived has not answered for the first one.
struct Silent : Attached {
  Silent() : Attached(2) {
    BOOST_REQUIRE(read_all());
    bench.source->ask({0});
    BOOST_REQUIRE(bench.until_seen("silent"));
    BOOST_REQUIRE(until_asked(1));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(dbus_silence, *boost::unit_test::timeout(120))

BOOST_AUTO_TEST_CASE(a_silence_is_reported_once_and_a_late_answer_has_everything_read) {
  Attached it(2);
  BOOST_REQUIRE(it.read_all());
  it.bench.source->ask({0});
  it.bench.source->ask({0, 1});
  BOOST_REQUIRE(it.bench.until_seen("silent"));
  BOOST_TEST(it.bench.sink.seen == (Words{"silent"}));
  BOOST_TEST(it.bench.log.count("did not answer") == 1U);
  it.keepalived->answer("VI_0", fault);
  BOOST_REQUIRE(it.bench.until_seen("found again"));
  BOOST_REQUIRE(it.until_asked(3));
  it.keepalived->refuse();  // The other question, which nobody waits for any more.
  it.keepalived->answer("VI_0", fault);
  it.keepalived->answer("VI_1", fault);
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.bench.sink.seen == (Words{"silent", "found again", "VI_0 FAULT answered",
                                          "VI_1 FAULT answered", "complete"}));
}

BOOST_AUTO_TEST_CASE(signals_do_not_end_a_silence_but_have_one_question_put_a_second) {
  Silent it;
  it.keepalived->calls.clear();  // As a bus does that drops the question.
  const std::size_t before = it.keepalived->calls_seen;
  for (int count = 0; count < 100; ++count) {
    it.keepalived->emit_state(it.bench.path(count % 2), fault);
  }
  it.keepalived->emit_state(it.bench.path(1), master);
  BOOST_REQUIRE(it.bench.until_seen("VI_1 MASTER"));
  BOOST_REQUIRE(it.until_asked(1));
  BOOST_TEST(it.keepalived->calls_seen == before + 1);
  // Another signal may cause another one, a second later.
  BOOST_REQUIRE(it.bench.until([&] {
    it.keepalived->emit_state(it.bench.path(0), fault);
    return it.keepalived->calls_seen == before + 2;
  }));
  for (const std::string& seen : it.bench.sink.seen) {
    BOOST_TEST(seen.find("found") == std::string::npos);
  }
  it.keepalived->answer("VI_0", fault);
  it.keepalived->answer("VI_0", fault);
  BOOST_REQUIRE(it.bench.until_seen("found again"));
}

BOOST_AUTO_TEST_CASE(late_signals_of_a_keepalived_that_has_ended_do_not_bring_it_back) {
  Silent it;
  it.keepalived->emit_state(it.bench.path(0), stop);
  it.keepalived->emit_state(it.bench.path(1), stop);
  it.keepalived->pump();
  it.bench.peers.clear();
  it.keepalived.reset();
  BOOST_REQUIRE(it.bench.until_seen("lost"));
  BOOST_TEST(it.bench.sink.seen == (Words{"silent", "VI_0 STOP", "VI_1 STOP", "lost"}));
}

BOOST_AUTO_TEST_CASE(a_question_that_is_put_again_has_a_deadline) {
  Attached it(1);
  BOOST_REQUIRE(it.read_all());
  it.bench.source->ask({0});
  BOOST_REQUIRE(it.until_asked(1));
  it.keepalived->emit_state(it.bench.path(0), fault);
  it.keepalived->answer("VI_0", master);
  BOOST_REQUIRE(it.until_asked(1));
  BOOST_REQUIRE(it.bench.until_seen("silent"));
  BOOST_TEST(it.bench.sink.seen == (Words{"VI_0 FAULT", "silent"}));
}

BOOST_AUTO_TEST_CASE(an_error_is_an_answer_too) {
  Attached it(1);
  BOOST_REQUIRE(it.read_all());
  it.bench.source->ask({0});
  BOOST_REQUIRE(it.until_asked(1));
  it.keepalived->refuse();
  BOOST_REQUIRE(it.bench.until_seen("VI_0 absent"));
  BOOST_TEST(it.bench.sink.seen == (Words{"VI_0 absent"}));
}

BOOST_AUTO_TEST_CASE(an_error_that_the_bus_gives_in_place_of_the_owner_is_no_answer) {
  for (const char* error :
       {DBUS_ERROR_SERVICE_UNKNOWN, DBUS_ERROR_NAME_HAS_NO_OWNER, DBUS_ERROR_NO_REPLY}) {
    BOOST_TEST_CONTEXT(error) {
      Attached it(2);
      it.bench.options.answer_limit = std::chrono::milliseconds(100);
      it.bench.start();
      BOOST_REQUIRE(it.until_asked(2));
      it.keepalived->refuse(error);
      it.keepalived->refuse(error);
      BOOST_REQUIRE(it.bench.until_seen("silent"));
      BOOST_TEST(it.bench.sink.seen == (Words{"found", "silent"}));
      BOOST_TEST(it.bench.log.count("did not answer for 2 instances") == 1U);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_question_without_an_owner_is_not_answered) {
  const PrivateBus bus;
  DbusBench bench(bus.address(), 1);
  bench.start();
  BOOST_REQUIRE(bench.until([&] { return bench.log.count("no owner yet") == 1; }));
  bench.source->ask({0});
  BOOST_TEST(bench.sink.seen == (Words{"silent"}));
}

BOOST_AUTO_TEST_CASE(a_keepalived_that_hangs_while_it_is_read_is_read_anew_when_it_answers) {
  Attached it(20);
  it.bench.options.answer_limit = std::chrono::milliseconds(100);
  it.bench.start();
  BOOST_REQUIRE(it.until_asked(16));
  it.keepalived->emit_state(it.bench.path(3), master);
  it.keepalived->emit_state(it.bench.path(18), master);
  BOOST_REQUIRE(it.bench.until_seen("silent"));
  BOOST_TEST(it.bench.sink.seen == (Words{"found", "VI_3 MASTER", "VI_18 MASTER", "silent"}));
  BOOST_TEST(it.keepalived->calls_seen == 16U);
  BOOST_TEST(it.bench.log.count("did not answer for 18 instances") == 1U);
  it.bench.sink.seen.clear();
  it.keepalived->answer("VI_0", fault);
  BOOST_REQUIRE(it.until_asked(15 + 16));
  for (int number = 1; number < 16; ++number) {
    it.keepalived->refuse();  // The questions of the first reading.
  }
  for (int number = 0; number < 20; ++number) {
    BOOST_REQUIRE(it.bench.until([&] { return !it.keepalived->calls.empty(); }));
    it.keepalived->answer("VI_" + std::to_string(number), fault);
  }
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.bench.sink.seen.size() == 1U + 20U + 1U);
  BOOST_TEST(it.bench.sink.seen.front() == "found again");
  BOOST_TEST(it.bench.value(Counter::dbus_read_errors) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
