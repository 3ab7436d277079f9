// SPDX-License-Identifier: MIT
/// @file
/// Sync groups of a real keepalived. A member that follows its group may change without a word on
/// D-Bus or the FIFO, and groups have no object on D-Bus; so what is told is held against what
/// keepalived answers when it is asked.
#define BOOST_TEST_DYN_LINK
#include <cctype>
#include <cstddef>
#include <string>

#include <boost/test/unit_test.hpp>

#include "tests/support/lone_node.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier::tests;

namespace {

/// A state as keepalived spells it on D-Bus.
std::string capitalised(std::string state) {
  for (std::size_t index = 1; index < state.size(); ++index) {
    state[index] = static_cast<char>(std::tolower(state[index]));
  }
  return state;
}

std::string instance(const std::string& name, const std::string& interface,
                     const std::string& priority) {
  return "vrrp_instance " + name + " {\n    interface " + interface +
         "\n    virtual_router_id 7\n    advert_int 0.1\n    priority " + priority +
         "\n    virtual_ipaddress {\n        192.0.2.7/32\n    }\n}\n";
}

/// A node with one cable each to two neighbours, and its two instances in one group.
struct GroupNode {
  explicit GroupNode(bool enable_dbus)
      : on_dbus(enable_dbus), node(where, setup(), configuration()) {
    for (const std::string number : {"0", "1"}) {
      where.ip("link add d" + number + " type veth peer name p" + number + " netns " +
               neighbour.name());
      where.ip("link set d" + number + " up");
      where.ip("address add 10." + number + ".0.1/16 dev d" + number);
      neighbour.ip("link set p" + number + " up");
      neighbour.ip("address add 10." + number + ".0.2/16 dev p" + number);
    }
  }

  void start() {
    node.start();
    expect("MASTER", "MASTER");
    expect_field(node, "A", "sync_group", "both");
    expect_field(node, "B", "sync_group", "both");
  }

  NodeSetup setup() const {
    NodeSetup setup;
    setup.enable_dbus = on_dbus;
    setup.bus_address = bus.address();
    return setup;
  }

  static std::string configuration() {
    return instance("A", "d0", "100") + instance("B", "d1", "100") +
           "vrrp_sync_group both {\n    group {\n        A\n        B\n    }\n}\n" + quick_settings;
  }

  /// Waits until both are told in these states, and keepalived has them in these too: the kernel
  /// reports a cable late, so that what is told first may still be what was before.
  void expect(const std::string& a, const std::string& b) const {
    const auto agreed = [&] {
      return node.state_on_dbus("d0/7/IPv4") == capitalised(a) &&
             node.state_on_dbus("d1/7/IPv4") == capitalised(b);
    };
    BOOST_CHECK_MESSAGE(!on_dbus || wait_until(agreed), node.log());
    expect_states(node, {{"A", a}, {"B", b}});
  }

  bool on_dbus;
  NetworkNamespace where;
  NetworkNamespace neighbour;
  PrivateBus bus;
  KeepalivedNode node;
};

void cables_come_and_go(bool enable_dbus) {
  GroupNode group(enable_dbus);
  group.start();
  group.neighbour.ip("link set p0 down");
  group.expect("FAULT", "FAULT");
  group.neighbour.ip("link set p1 down");
  group.neighbour.ip("link set p0 up");
  group.expect("FAULT", "FAULT");
  group.neighbour.ip("link set p1 up");
  group.expect("MASTER", "MASTER");
}

void a_cable_is_missing_at_the_start(bool enable_dbus) {
  GroupNode group(enable_dbus);
  group.neighbour.ip("link set p0 down");
  group.node.start();
  group.expect("FAULT", "FAULT");
  group.neighbour.ip("link set p0 up");
  group.expect("MASTER", "MASTER");
}

void a_better_neighbour_comes_and_goes(bool enable_dbus) {
  GroupNode group(enable_dbus);
  group.start();
  NodeSetup plain;
  plain.enable_dbus = false;
  plain.with_fifo = false;
  KeepalivedNode better(group.neighbour, plain, instance("A", "p0", "200"));
  better.start();
  group.expect("BACKUP", "BACKUP");
  better.stop();
  group.expect("MASTER", "MASTER");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sync_group, *boost::unit_test::precondition(keepalived_runs))

BOOST_AUTO_TEST_CASE(cables_by_d_bus) {
  cables_come_and_go(true);
}

BOOST_AUTO_TEST_CASE(cables_by_fifo) {
  cables_come_and_go(false);
}

BOOST_AUTO_TEST_CASE(a_missing_cable_by_d_bus) {
  a_cable_is_missing_at_the_start(true);
}

BOOST_AUTO_TEST_CASE(a_missing_cable_by_fifo) {
  a_cable_is_missing_at_the_start(false);
}

BOOST_AUTO_TEST_CASE(priorities_by_d_bus) {
  a_better_neighbour_comes_and_goes(true);
}

BOOST_AUTO_TEST_CASE(priorities_by_fifo) {
  a_better_neighbour_comes_and_goes(false);
}

BOOST_AUTO_TEST_SUITE_END()
