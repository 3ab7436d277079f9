// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include <poll.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
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
using batch_notifier::sources::MessagePtr;
using batch_notifier::tests::BusPeer;
using batch_notifier::tests::DbusBench;
using batch_notifier::tests::PrivateBus;
using Words = std::vector<std::string>;

const std::string service = "org.keepalived.Vrrp1";

constexpr std::uint32_t backup = 1;
constexpr std::uint32_t master = 2;
constexpr std::uint32_t fault = 3;

/// A bus, a keepalived that owns the service, and the source, not started.
struct Attached {
  explicit Attached(std::size_t instances)
      : keepalived(std::in_place, bus.address()), bench(bus.address(), instances) {
    keepalived->own(service);
    bench.peers.push_back(&*keepalived);
  }

  /// Waits for so many unanswered questions.
  bool until_asked(std::size_t count) {
    return bench.until([&] { return keepalived->calls.size() == count; });
  }

  /// Starts, answers every question with BACKUP, and forgets what was observed.
  void read_all() {
    bench.start();
    for (std::size_t index = 0; index < bench.topology.instances.size(); ++index) {
      BOOST_REQUIRE(bench.until([&] { return !keepalived->calls.empty(); }));
      keepalived->answer(bench.topology.instances[index].name, backup);
    }
    BOOST_REQUIRE(bench.until_seen("complete"));
    bench.sink.seen.clear();
  }

  PrivateBus bus;
  std::optional<BusPeer> keepalived;
  DbusBench bench;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(dbus_source, *boost::unit_test::timeout(120))

BOOST_AUTO_TEST_CASE(reads_a_service_that_is_there) {
  Attached it(2);
  it.bench.start();
  BOOST_REQUIRE(it.until_asked(2));
  BOOST_TEST(it.bench.sink.seen == (Words{"found"}));
  it.keepalived->answer("VI_0", master);
  it.keepalived->answer("VI_1", fault);
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.bench.sink.seen ==
             (Words{"found", "VI_0 MASTER answered", "VI_1 FAULT answered", "complete"}));
  BOOST_TEST(it.bench.value(Counter::dbus_connects) == 1U);
}

BOOST_AUTO_TEST_CASE(reads_a_service_that_comes_later) {
  const PrivateBus bus;
  DbusBench bench(bus.address(), 1);
  bench.start();
  BOOST_REQUIRE(bench.until([&] { return bench.log.count("nobody owns") == 1; }));
  BusPeer keepalived(bus.address());
  bench.peers.push_back(&keepalived);
  // As keepalived does: it signals first, and asks for the name afterwards.
  keepalived.emit_state(bench.path(0), backup);
  BOOST_REQUIRE(bench.until([&] { return bench.value(Counter::dbus_foreign_signals) == 1; }));
  BOOST_TEST(bench.sink.seen == Words());
  BOOST_TEST(bench.log.count("does not own") == 0U);
  keepalived.own(service);
  BOOST_REQUIRE(bench.until([&] { return !keepalived.calls.empty(); }));
  keepalived.answer("VI_0", backup);
  BOOST_REQUIRE(bench.until_seen("complete"));
  BOOST_TEST(bench.sink.seen == (Words{"found", "VI_0 BACKUP answered", "complete"}));
}

BOOST_AUTO_TEST_CASE(hears_signals) {
  Attached it(2);
  it.read_all();
  it.keepalived->emit_state(it.bench.path(1), master);
  it.keepalived->emit_state(it.bench.path(0), 97);
  it.keepalived->emit_state("/org/keepalived/Vrrp1/Instance/eth0/1/None", 98);
  BOOST_REQUIRE(it.bench.until_seen("VI_0 STOP"));
  BOOST_TEST(it.bench.sink.seen == (Words{"VI_1 MASTER", "VI_0 DELETED", "VI_0 STOP"}));
  BOOST_TEST(it.bench.value(Counter::dbus_signals) == 3U);
}

BOOST_AUTO_TEST_CASE(asks_sixteen_at_a_time_and_each_once) {
  Attached it(100);
  it.bench.start();
  std::map<std::string, int> asked;
  for (std::size_t left = 100; left > 0; --left) {
    BOOST_REQUIRE(it.until_asked(std::min<std::size_t>(left, 16)));
    // Had there been more, it would have come before this signal is heard.
    it.keepalived->emit_state("/org/keepalived/Vrrp1/Instance/unknown/1/IPv4", backup);
    const std::uint64_t unknown = it.bench.value(Counter::dbus_unknown_paths);
    BOOST_REQUIRE(
        it.bench.until([&] { return it.bench.value(Counter::dbus_unknown_paths) == unknown + 1; }));
    it.keepalived->pump();
    BOOST_REQUIRE(it.keepalived->calls.size() <= 16U);
    DBusMessage* call = it.keepalived->calls.front().get();
    BOOST_TEST(dbus_message_get_auto_start(call) == FALSE);
    BOOST_TEST(dbus_message_get_destination(call) == it.keepalived->unique_name());
    ++asked[dbus_message_get_path(call)];
    it.keepalived->answer("VI_" + std::to_string(100 - left), backup);
  }
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.keepalived->calls_seen == 100U);
  BOOST_TEST(asked.size() == 100U);
}

BOOST_AUTO_TEST_CASE(forged_signals_are_counted_and_not_believed) {
  Attached it(1);
  it.read_all();
  BusPeer forger(it.bus.address());
  it.bench.peers.push_back(&forger);
  constexpr std::uint64_t forged = 10'000;
  for (std::uint64_t count = 0; count < forged; ++count) {
    forger.emit_state(it.bench.path(0), master);
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
  it.read_all();
  for (std::uint64_t count = 1; count <= 20; ++count) {
    BusPeer forger(it.bus.address());
    forger.emit_state(it.bench.path(0), master);
    forger.pump();
    BOOST_REQUIRE(
        it.bench.until([&] { return it.bench.value(Counter::dbus_foreign_signals) == count; }));
  }
  BOOST_TEST(it.bench.log.count("does not own") == 8U);
}

BOOST_AUTO_TEST_CASE(forged_owner_changes_are_not_believed) {
  Attached it(1);
  it.read_all();
  BusPeer forger(it.bus.address());
  const std::string source = dbus_message_get_sender(it.keepalived->last_call.get());
  MessagePtr message(
      dbus_message_new_signal(DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "NameOwnerChanged"));
  const char* name = service.c_str();
  const char* nobody = "";
  dbus_message_append_args(message.get(), DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &nobody,
                           DBUS_TYPE_STRING, &nobody, DBUS_TYPE_INVALID);
  dbus_message_set_destination(message.get(), source.c_str());
  forger.send(std::move(message));
  // Comes behind it, on the same connection.
  forger.emit_state(it.bench.path(0), master);
  it.bench.peers.push_back(&forger);
  BOOST_REQUIRE(it.bench.until([&] { return it.bench.value(Counter::dbus_foreign_signals) == 1; }));
  BOOST_TEST(it.bench.sink.seen == Words());
}

BOOST_AUTO_TEST_CASE(odd_signals_of_the_owner_are_counted) {
  Attached it(1);
  it.read_all();
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

BOOST_AUTO_TEST_CASE(losing_the_owner_is_told_and_the_next_is_read) {
  Attached it(1);
  it.read_all();
  it.keepalived.reset();
  it.bench.peers.clear();
  BOOST_REQUIRE(it.bench.until_seen("lost"));
  BusPeer respawned(it.bus.address());
  it.bench.peers.push_back(&respawned);
  respawned.own(service);
  BOOST_REQUIRE(it.bench.until([&] { return !respawned.calls.empty(); }));
  respawned.answer("VI_0", backup);
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.bench.sink.seen == (Words{"lost", "found", "VI_0 BACKUP answered", "complete"}));
}

BOOST_AUTO_TEST_CASE(answers_of_a_former_owner_are_dropped) {
  Attached it(1);
  it.bench.start();
  BOOST_REQUIRE(it.until_asked(1));
  BusPeer other(it.bus.address());
  it.bench.peers.push_back(&other);
  other.own(service);
  BOOST_REQUIRE(it.bench.until([&] { return !other.calls.empty(); }));
  it.keepalived->answer("VI_0", master);
  it.keepalived->emit_state(it.bench.path(0), master);
  BOOST_REQUIRE(it.bench.until([&] { return it.bench.value(Counter::dbus_foreign_signals) == 1; }));
  other.answer("VI_0", fault);
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.bench.sink.seen ==
             (Words{"found", "lost", "found", "VI_0 FAULT answered", "complete"}));
}

BOOST_AUTO_TEST_CASE(attaches_again_to_a_restarted_bus) {
  Attached it(1);
  it.read_all();
  it.bus.kill();
  BOOST_REQUIRE(it.bench.until_seen("bus lost"));
  BOOST_REQUIRE(it.bench.until([&] { return it.bench.log.count("cannot connect") == 1; }));
  it.bench.peers.clear();
  it.keepalived.reset();
  it.bus.start();
  BOOST_REQUIRE(it.bench.until([&] { return it.bench.log.count("nobody owns") == 1; }));
  BOOST_TEST(it.bench.sink.seen == (Words{"bus lost"}));
  BOOST_TEST(it.bench.value(Counter::dbus_connects) == 2U);
  BusPeer next(it.bus.address());
  it.bench.peers.push_back(&next);
  next.own(service);
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
  BOOST_TEST(bench.log.lines.size() == 1U);
  bus.start();
  BOOST_REQUIRE(bench.until([&] { return bench.log.count("nobody owns") == 1; }));
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
  BOOST_REQUIRE(bench.until([&] { return bench.log.count("nobody owns") == 1; }));
}

BOOST_AUTO_TEST_CASE(hanging_service_is_not_waited_for) {
  Attached it(20);
  it.bench.options.answer_limit = std::chrono::milliseconds(100);
  it.bench.start();
  BOOST_REQUIRE(it.until_asked(16));
  it.keepalived->emit_state(it.bench.path(3), master);
  it.keepalived->emit_state(it.bench.path(18), master);
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.bench.sink.seen.size() == 1U + 2U + 18U + 1U);
  const std::set<std::string> seen(it.bench.sink.seen.begin(), it.bench.sink.seen.end());
  BOOST_TEST(seen.count("VI_0 absent") == 1U);
  BOOST_TEST(seen.count("VI_19 absent") == 1U);
  BOOST_TEST(seen.count("VI_3 absent") == 0U);
  BOOST_TEST(seen.count("VI_18 absent") == 0U);
  BOOST_TEST(it.keepalived->calls_seen == 16U);
  BOOST_TEST(it.bench.log.count("18 instances could not be read") == 1U);
  // It comes back to life: what it says counts, and the rest is asked for.
  it.bench.sink.seen.clear();
  it.keepalived->answer("VI_0", fault);
  BOOST_REQUIRE(it.bench.until_seen("VI_0 FAULT answered"));
  BOOST_REQUIRE(it.bench.until([&] { return it.keepalived->calls_seen == 17; }));
  BOOST_TEST(it.bench.sink.seen == (Words{"VI_0 FAULT answered"}));
}

BOOST_AUTO_TEST_CASE(instances_that_keepalived_does_not_have_are_absent) {
  Attached it(4);
  it.bench.start();
  BOOST_REQUIRE(it.until_asked(4));
  it.keepalived->refuse();
  it.keepalived->answer_empty();
  it.keepalived->answer("VI_renamed", master);
  it.keepalived->answer("VI_3", 42);
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.bench.sink.seen == (Words{"found", "VI_0 absent", "VI_1 absent", "VI_2 absent",
                                          "VI_3 absent", "complete"}));
  BOOST_TEST(it.bench.value(Counter::dbus_read_errors) == 2U);
  BOOST_TEST(it.bench.value(Counter::dbus_malformed) == 1U);
  BOOST_TEST(it.bench.log.count("4 instances, first VI_0: " DBUS_ERROR_UNKNOWN_OBJECT) == 1U);
  // One of another name is another instance, whatever its path; the others may yet come.
  it.keepalived->emit_state(it.bench.path(2), master);
  it.keepalived->emit_state(it.bench.path(0), master);
  BOOST_REQUIRE(it.bench.until_seen("VI_0 MASTER"));
  BOOST_TEST(it.bench.sink.seen.size() == 7U);
  BOOST_TEST(it.bench.value(Counter::dbus_unknown_paths) == 1U);
}

BOOST_AUTO_TEST_CASE(shared_paths_are_absent_and_ignored_instances_silent) {
  Attached it(4);
  it.bench.topology.instances[0].interface = "eth0.1";
  it.bench.topology.instances[1].interface = "eth0_1";
  it.bench.topology.instances[1].vrid = it.bench.topology.instances[0].vrid;
  it.bench.topology.instances[2].ignored = true;
  it.bench.start();
  BOOST_REQUIRE(it.until_asked(1));
  it.keepalived->answer("VI_3", backup);
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.bench.sink.seen ==
             (Words{"found", "VI_0 absent", "VI_1 absent", "VI_3 BACKUP answered", "complete"}));
  BOOST_TEST(it.bench.log.count("VI_0 and VI_1 share") == 1U);
  it.bench.sink.seen.clear();
  it.keepalived->emit_state(it.bench.path(1), master);
  it.keepalived->emit_state(it.bench.path(2), master);
  it.keepalived->emit_state(it.bench.path(3), master);
  BOOST_REQUIRE(it.bench.until_seen("VI_3 MASTER"));
  BOOST_TEST(it.bench.sink.seen == (Words{"VI_3 MASTER"}));
  BOOST_TEST(it.bench.value(Counter::dbus_unknown_paths) == 1U);
  BOOST_TEST(it.bench.value(Counter::dbus_signals) == 1U);
}

BOOST_AUTO_TEST_CASE(paths_that_dbus_does_not_allow_are_absent) {
  Attached it(2);
  it.bench.topology.net_namespace = "qrouter-0a1b";
  it.bench.start();
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.bench.sink.seen == (Words{"found", "VI_0 absent", "VI_1 absent", "complete"}));
  BOOST_TEST(it.bench.log.count("qrouter-0a1b") == 1U);
}

BOOST_AUTO_TEST_CASE(signal_that_overtakes_an_answer_has_it_asked_again) {
  Attached it(2);
  it.bench.start();
  BOOST_REQUIRE(it.until_asked(2));
  it.keepalived->emit_state(it.bench.path(0), master);
  it.keepalived->emit_state(it.bench.path(1), backup);
  it.keepalived->answer("VI_0", backup);
  it.keepalived->answer("VI_1", backup);
  BOOST_REQUIRE(it.until_asked(1));
  BOOST_TEST(it.bench.sink.seen ==
             (Words{"found", "VI_0 MASTER", "VI_1 BACKUP", "VI_1 BACKUP answered"}));
  it.keepalived->answer("VI_0", master);
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.bench.sink.seen.at(4) == "VI_0 MASTER answered");
  BOOST_TEST(it.keepalived->calls_seen == 3U);
}

BOOST_AUTO_TEST_CASE(resync_reads_again) {
  Attached it(1);
  it.read_all();
  it.bench.source->resync();
  BOOST_REQUIRE(it.until_asked(1));
  // While reading: once more afterwards, however often it is asked for.
  it.bench.source->resync();
  it.bench.source->resync();
  it.keepalived->answer("VI_0", master);
  BOOST_REQUIRE(it.until_asked(1));
  it.keepalived->answer("VI_0", fault);
  BOOST_REQUIRE(it.bench.until([&] { return it.bench.sink.seen.size() == 4; }));
  BOOST_TEST(it.bench.sink.seen ==
             (Words{"VI_0 MASTER answered", "complete", "VI_0 FAULT answered", "complete"}));
  BOOST_TEST(it.keepalived->calls_seen == 3U);
}

BOOST_AUTO_TEST_CASE(nobody_can_cut_us_off_with_a_long_message) {
  Attached it(1);
  it.read_all();
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

BOOST_AUTO_TEST_CASE(idle_is_asleep) {
  Attached it(3);
  struct sigaction before {};
  sigaction(SIGPIPE, nullptr, &before);
  it.read_all();
  // What follows a burst is over soon, and then there is nothing.
  BOOST_TEST(it.bench.until([&] {
    pollfd ready{it.bench.loop.fd(), POLLIN, 0};
    return poll(&ready, 1, 300) == 0;
  }));
  struct sigaction after {};
  sigaction(SIGPIPE, nullptr, &after);
  BOOST_TEST((before.sa_handler == after.sa_handler));
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
    BOOST_TEST(it.bench.log.count("no D-Bus") == 0U);
  }
}

BOOST_AUTO_TEST_CASE(what_a_sink_throws_reaches_the_loops_caller) {
  Attached it(2);
  it.read_all();
  it.bench.sink.fail_at = "VI_0 MASTER";
  it.keepalived->emit_state(it.bench.path(0), master);
  it.keepalived->emit_state(it.bench.path(1), master);
  BOOST_CHECK_THROW(it.bench.until_seen("VI_1 MASTER"), std::runtime_error);
  BOOST_REQUIRE(it.bench.until_seen("VI_1 MASTER"));
  BOOST_TEST(it.bench.sink.seen == (Words{"VI_1 MASTER"}));
}

BOOST_AUTO_TEST_CASE(what_can_never_work_is_said_and_left) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"tcp:host=localhost,port=9", service},
      {"nonsense", service},
      {"unix:path=/nonexistent/bus", "no dots"},
  };
  for (const auto& [address, name] : rows) {
    BOOST_TEST_CONTEXT(address) {
      DbusBench bench(address, 1);
      bench.topology.dbus_service_name = name;
      bench.start();
      BOOST_TEST(bench.sink.seen == (Words{"bus lost"}));
      BOOST_TEST(bench.log.count("not heard on D-Bus") == 1U);
      pollfd ready{bench.loop.fd(), POLLIN, 0};
      BOOST_TEST(poll(&ready, 1, 50) == 0);
      bench.source->resync();
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
