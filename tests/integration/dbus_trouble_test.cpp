// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include <poll.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/bus_peer.hpp"
#include "tests/support/dbus_bench.hpp"
#include "tests/support/private_bus.hpp"

namespace {

using batch_notifier::core::Counter;
using batch_notifier::dbus::MessagePtr;
using batch_notifier::tests::Attached;
using batch_notifier::tests::BusPeer;
using batch_notifier::tests::DbusBench;
using batch_notifier::tests::fault;
using batch_notifier::tests::keepalived_service;
using batch_notifier::tests::master;
using batch_notifier::tests::PrivateBus;
using Words = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(dbus_trouble, *boost::unit_test::timeout(120))

BOOST_AUTO_TEST_CASE(signals_that_others_broadcast_are_not_even_received) {
  Attached it(1);
  BOOST_REQUIRE(it.read_all());
  BusPeer forger(it.bus.address());
  it.bench.peers.push_back(&forger);
  for (int count = 0; count < 10'000; ++count) {
    forger.emit_state(it.bench.path(0), master);
  }
  // Comes behind them, on the same connection.
  forger.emit_state(it.bench.path(0), master, it.source_name());
  BOOST_REQUIRE(it.bench.until([&] { return it.bench.value(Counter::dbus_foreign_signals) > 0; }));
  BOOST_TEST(it.bench.value(Counter::dbus_foreign_signals) == 1U);
  it.keepalived->emit_state(it.bench.path(0), fault);
  BOOST_REQUIRE(it.bench.until_seen("VI_0 FAULT"));
  BOOST_TEST(it.bench.sink.seen == (Words{"VI_0 FAULT"}));
}

BOOST_AUTO_TEST_CASE(the_next_owner_is_heard_and_the_former_one_no_longer) {
  Attached it(1);
  BOOST_REQUIRE(it.read_all());
  BusPeer next(it.bus.address());
  it.bench.peers.push_back(&next);
  next.own(keepalived_service);
  BOOST_REQUIRE(it.bench.until([&] { return !next.calls.empty(); }));
  next.answer("VI_0", master);
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  it.keepalived->emit_state(it.bench.path(0), fault);
  it.keepalived->emit_state(it.bench.path(0), fault, it.source_name());
  BOOST_REQUIRE(it.bench.until([&] { return it.bench.value(Counter::dbus_foreign_signals) > 0; }));
  BOOST_TEST(it.bench.value(Counter::dbus_foreign_signals) == 1U);
  next.emit_state(it.bench.path(0), fault);
  BOOST_REQUIRE(it.bench.until_seen("VI_0 FAULT"));
  BOOST_TEST(it.bench.sink.seen ==
             (Words{"lost", "found", "VI_0 MASTER answered", "complete", "VI_0 FAULT"}));
}

BOOST_AUTO_TEST_CASE(a_question_is_answered_and_an_overtaken_answer_is_asked_for_again) {
  Attached it(2);
  BOOST_REQUIRE(it.read_all());
  it.bench.source->ask({1});
  BOOST_REQUIRE(it.until_asked(1));
  it.keepalived->emit_state(it.bench.path(1), fault);
  it.keepalived->answer("VI_1", master);
  BOOST_REQUIRE(it.until_asked(1));
  it.keepalived->answer("VI_1", fault);
  BOOST_REQUIRE(it.bench.until_seen("VI_1 FAULT answered"));
  BOOST_TEST(it.bench.sink.seen == (Words{"VI_1 FAULT", "VI_1 FAULT answered"}));
}

BOOST_AUTO_TEST_CASE(signals_sent_to_the_source_by_others_are_counted_and_ignored) {
  Attached it(1);
  BOOST_REQUIRE(it.read_all());
  BusPeer forger(it.bus.address());
  it.bench.peers.push_back(&forger);
  constexpr std::uint64_t forged = 10'000;
  for (std::uint64_t count = 0; count < forged; ++count) {
    forger.emit_state(it.bench.path(0), master, it.source_name());
  }
  BOOST_REQUIRE(
      it.bench.until([&] { return it.bench.value(Counter::dbus_foreign_signals) == forged; }));
  it.keepalived->emit_state(it.bench.path(0), fault);
  BOOST_REQUIRE(it.bench.until_seen("VI_0 FAULT"));
  BOOST_TEST(it.bench.sink.seen == (Words{"VI_0 FAULT"}));
  BOOST_TEST(it.bench.log.count("does not own") == 1U);
  BOOST_TEST(it.bench.log.count(forger.unique_name()) == 1U);
}

BOOST_AUTO_TEST_CASE(only_some_foreign_senders_are_named) {
  Attached it(1);
  BOOST_REQUIRE(it.read_all());
  for (std::uint64_t count = 1; count <= 20; ++count) {
    BusPeer forger(it.bus.address());
    forger.emit_state(it.bench.path(0), master, it.source_name());
    forger.pump();
    BOOST_REQUIRE(
        it.bench.until([&] { return it.bench.value(Counter::dbus_foreign_signals) == count; }));
  }
  BOOST_TEST(it.bench.log.count("does not own") == 8U);
}

BOOST_AUTO_TEST_CASE(forged_owner_changes_are_not_believed) {
  Attached it(1);
  BOOST_REQUIRE(it.read_all());
  BusPeer forger(it.bus.address());
  const std::string source = dbus_message_get_sender(it.keepalived->last_call.get());
  MessagePtr message(
      dbus_message_new_signal(DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "NameOwnerChanged"));
  const char* name = keepalived_service;
  const char* nobody = "";
  dbus_message_append_args(message.get(), DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &nobody,
                           DBUS_TYPE_STRING, &nobody, DBUS_TYPE_INVALID);
  dbus_message_set_destination(message.get(), source.c_str());
  forger.send(std::move(message));
  // Comes behind it, on the same connection.
  forger.emit_state(it.bench.path(0), master, it.source_name());
  it.bench.peers.push_back(&forger);
  BOOST_REQUIRE(it.bench.until([&] { return it.bench.value(Counter::dbus_foreign_signals) == 1; }));
  BOOST_TEST(it.bench.sink.seen == Words());
}

BOOST_AUTO_TEST_CASE(forged_answers_are_not_believed) {
  Attached it(1);
  it.bench.start();
  BOOST_REQUIRE(it.until_asked(1));
  BusPeer forger(it.bus.address());
  it.bench.peers.push_back(&forger);
  forger.calls.emplace_back(dbus_message_ref(it.keepalived->last_call.get()));
  forger.answer("VI_0", master);
  // Comes behind it, on the same connection.
  forger.emit_state(it.bench.path(0), master, it.source_name());
  BOOST_REQUIRE(it.bench.until([&] { return it.bench.value(Counter::dbus_foreign_signals) == 1; }));
  it.keepalived->answer("VI_0", fault);
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.bench.sink.seen == (Words{"found", "VI_0 FAULT answered", "complete"}));
}

BOOST_AUTO_TEST_CASE(odd_signals_of_the_owner_are_counted) {
  Attached it(1);
  BOOST_REQUIRE(it.read_all());
  for (int count = 0; count < 3; ++count) {
    it.keepalived->emit_malformed(it.bench.path(0));
    it.keepalived->emit_state(it.bench.path(0), 42);
    it.keepalived->emit_state("/org/keepalived/Vrrp1/Instance/eth9/1/IPv4", master);
  }
  it.keepalived->emit_state(it.bench.path(0), master);
  BOOST_REQUIRE(it.bench.until_seen("VI_0 MASTER"));
  BOOST_TEST(it.bench.sink.seen == (Words{"VI_0 MASTER"}));
  BOOST_TEST(it.bench.value(Counter::dbus_malformed) == 6U);
  BOOST_TEST(it.bench.value(Counter::dbus_unknown_paths) == 3U);
  BOOST_TEST(it.bench.log.count("malformed") == 1U);
  BOOST_TEST(it.bench.log.count("/eth9/") == 1U);
}

BOOST_AUTO_TEST_CASE(nobody_can_cut_us_off_with_a_long_message) {
  Attached it(1);
  BOOST_REQUIRE(it.read_all());
  MessagePtr message(dbus_message_new_signal("/", "org.example.Long", "Message"));
  const std::string text(4U << 20U, 'x');
  const char* pointer = text.c_str();
  dbus_message_append_args(message.get(), DBUS_TYPE_STRING, &pointer, DBUS_TYPE_INVALID);
  dbus_message_set_destination(message.get(),
                               dbus_message_get_sender(it.keepalived->last_call.get()));
  it.keepalived->send(std::move(message));
  it.keepalived->emit_state(it.bench.path(0), master);
  BOOST_REQUIRE(it.bench.until_seen("VI_0 MASTER"));
  BOOST_TEST(it.bench.sink.seen == (Words{"VI_0 MASTER"}));
}

BOOST_AUTO_TEST_CASE(attaches_again_to_a_restarted_bus) {
  Attached it(1);
  BOOST_REQUIRE(it.read_all());
  it.bus.kill();
  BOOST_REQUIRE(it.bench.until_seen("bus lost"));
  BOOST_REQUIRE(it.bench.until([&] { return it.bench.log.count("cannot connect") == 1; }));
  it.bench.peers.clear();
  it.keepalived.reset();
  it.bus.start();
  BOOST_REQUIRE(it.bench.until([&] { return it.bench.log.count("no owner yet") == 1; }));
  BOOST_TEST(it.bench.sink.seen == (Words{"bus lost"}));
  BOOST_TEST(it.bench.value(Counter::dbus_connects) == 2U);
  BusPeer next(it.bus.address());
  it.bench.peers.push_back(&next);
  next.own(keepalived_service);
  BOOST_REQUIRE(it.bench.until([&] { return !next.calls.empty(); }));
  next.answer("VI_0", master);
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.bench.sink.seen ==
             (Words{"bus lost", "found", "VI_0 MASTER answered", "complete"}));
}

BOOST_AUTO_TEST_CASE(missing_bus_is_said_once_and_tried_again) {
  PrivateBus bus;
  bus.kill();
  std::filesystem::remove(bus.socket_path());
  DbusBench bench(bus.address(), 1);
  bench.start();
  BOOST_TEST(bench.sink.seen == (Words{"bus lost"}));
  // Each dispatch is one attempt here.
  BOOST_REQUIRE(bench.until([&] { return bench.dispatches >= 5; }));
  BOOST_TEST(bench.log.messages.size() == 1U);
  bus.start();
  BOOST_REQUIRE(bench.until([&] { return bench.log.count("no owner yet") == 1; }));
  BOOST_TEST(bench.sink.seen == (Words{"bus lost"}));
}

BOOST_AUTO_TEST_CASE(hanging_bus_blocks_nothing) {
  const auto freeze_and_fill = [](PrivateBus& bus, std::size_t most) {
    // Once it has served somebody, its queue is empty.
    const BusPeer served(bus.address());
    bus.freeze();
    std::size_t count = 0;
    while (count < most && bus.knock()) {
      ++count;
    }
    return count;
  };
  PrivateBus other;
  const std::size_t capacity = freeze_and_fill(other, 1'000'000);
  // One place is left. Whoever takes it for a trial and then connects in earnest waits for ever.
  PrivateBus bus;
  BOOST_REQUIRE(freeze_and_fill(bus, capacity - 1) == capacity - 1);
  DbusBench bench(bus.address(), 1);
  bench.options.connect_limit = std::chrono::milliseconds(2);
  bench.start();
  BOOST_REQUIRE(bench.until([&] { return bench.log.count("queue of connections is full") == 1; }));
  BOOST_TEST(bench.log.count("no answer from") == 1U);
  bench.source.reset();
  bus.thaw();
  bench.options.connect_limit = std::chrono::seconds(10);
  bench.start();
  BOOST_REQUIRE(bench.until([&] { return bench.log.count("no owner yet") == 1; }));
}

BOOST_AUTO_TEST_CASE(what_a_sink_throws_reaches_the_loops_caller) {
  Attached it(2);
  BOOST_REQUIRE(it.read_all());
  it.bench.sink.fail_at = "VI_0 MASTER";
  it.keepalived->emit_state(it.bench.path(0), master);
  it.keepalived->emit_state(it.bench.path(1), master);
  BOOST_CHECK_THROW(it.bench.until_seen("VI_1 MASTER"), std::runtime_error);
  BOOST_REQUIRE(it.bench.until_seen("VI_1 MASTER"));
  BOOST_TEST(it.bench.sink.seen == (Words{"VI_1 MASTER"}));
}

BOOST_AUTO_TEST_CASE(what_can_never_work_is_said_and_left) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"tcp:host=localhost,port=9", keepalived_service},
      {"nonsense", keepalived_service},
      {"unix:path=/nonexistent/bus", "no dots"},
  };
  for (const auto& [address, name] : rows) {
    BOOST_TEST_CONTEXT(address) {
      DbusBench bench(address, 1);
      bench.topology.dbus_service_name = name;
      bench.start();
      BOOST_TEST(bench.sink.seen == (Words{"bus lost"}));
      BOOST_TEST(bench.log.count("D-Bus: not used") == 1U);
      pollfd ready{bench.loop.fd(), POLLIN, 0};
      BOOST_TEST(poll(&ready, 1, 50) == 0);
      bench.source->resync();
    }
  }
}

BOOST_AUTO_TEST_CASE(leaves_at_any_moment) {
  // Stopped after each of the first steps of attaching, reading and hearing.
  for (std::size_t steps = 0; steps < 8; ++steps) {
    Attached it(40);
    it.bench.start();
    BOOST_REQUIRE(it.bench.until(
        [&] { return it.bench.dispatches >= steps || !it.keepalived->calls.empty(); }));
    it.bench.source.reset();
    it.bench.pump();
    BOOST_TEST(it.bench.log.count("not connected") == 0U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
