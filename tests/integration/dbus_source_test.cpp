// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include <poll.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/bus_peer.hpp"
#include "tests/support/dbus_bench.hpp"
#include "tests/support/private_bus.hpp"

namespace {

using batch_notifier::core::Counter;
using batch_notifier::tests::Attached;
using batch_notifier::tests::backup;
using batch_notifier::tests::BusPeer;
using batch_notifier::tests::DbusBench;
using batch_notifier::tests::fault;
using batch_notifier::tests::keepalived_service;
using batch_notifier::tests::master;
using batch_notifier::tests::PrivateBus;
using Words = std::vector<std::string>;

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
  BOOST_REQUIRE(bench.until([&] { return bench.log.count("no owner yet") == 1; }));
  BusPeer keepalived(bus.address());
  bench.peers.push_back(&keepalived);
  // As keepalived does: it signals first, and asks for the name afterwards.
  keepalived.emit_state(bench.path(0), backup);
  keepalived.pump();
  BOOST_TEST(bench.sink.seen == Words());
  BOOST_TEST(bench.log.count("does not own") == 0U);
  keepalived.own(keepalived_service);
  BOOST_REQUIRE(bench.until([&] { return !keepalived.calls.empty(); }));
  keepalived.answer("VI_0", backup);
  BOOST_REQUIRE(bench.until_seen("complete"));
  BOOST_TEST(bench.sink.seen == (Words{"found", "VI_0 BACKUP answered", "complete"}));
}

BOOST_AUTO_TEST_CASE(hears_signals) {
  Attached it(2);
  BOOST_REQUIRE(it.read_all());
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

BOOST_AUTO_TEST_CASE(a_lost_owner_is_reported_and_the_next_one_is_read) {
  Attached it(1);
  BOOST_REQUIRE(it.read_all());
  it.keepalived.reset();
  it.bench.peers.clear();
  BOOST_REQUIRE(it.bench.until_seen("lost"));
  BusPeer respawned(it.bus.address());
  it.bench.peers.push_back(&respawned);
  respawned.own(keepalived_service);
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
  other.own(keepalived_service);
  BOOST_REQUIRE(it.bench.until([&] { return !other.calls.empty(); }));
  it.keepalived->answer("VI_0", master);
  it.keepalived->emit_state(it.bench.path(0), master, it.source_name());
  BOOST_REQUIRE(it.bench.until([&] { return it.bench.value(Counter::dbus_foreign_signals) == 1; }));
  other.answer("VI_0", fault);
  BOOST_REQUIRE(it.bench.until_seen("complete"));
  BOOST_TEST(it.bench.sink.seen ==
             (Words{"found", "lost", "found", "VI_0 FAULT answered", "complete"}));
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
  BOOST_REQUIRE(it.read_all());
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

BOOST_AUTO_TEST_CASE(idle_is_asleep) {
  Attached it(3);
  BOOST_REQUIRE(it.read_all());
  // What follows a burst is over soon, and then there is nothing.
  BOOST_TEST(it.bench.until([&] {
    pollfd ready{it.bench.loop.fd(), POLLIN, 0};
    return poll(&ready, 1, 300) == 0;
  }));
}

BOOST_AUTO_TEST_SUITE_END()
