// SPDX-License-Identifier: MIT
/// @file
/// Several keepalived on one bus, each in a network namespace of its own, with instances that have
/// the same names and the same object paths. Each plugin is to tell of its own keepalived.
#define BOOST_TEST_DYN_LINK
#include <string>

#include <boost/test/unit_test.hpp>

#include "tests/support/lone_node.hpp"

using namespace batch_notifier::tests;

namespace {

NodeSetup on_bus(const std::string& address, const std::string& service) {
  NodeSetup setup;
  setup.bus_address = address;
  setup.more_globals = "    dbus_service_name " + service + "\n";
  return setup;
}

/// Both instances of a node have come from MASTER to FAULT, and nowhere else on the way.
void expect_fault_only(const LoneNode& node, const std::string& authority) {
  node.expect({"FAULT", "FAULT"});
  for (const std::string instance : {"VI_0", "VI_1"}) {
    expect_field(node.node, instance, "path", {"MASTER", "FAULT"});
    expect_field(node.node, instance, "authority", authority);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shared_bus, *boost::unit_test::precondition(keepalived_runs))

BOOST_AUTO_TEST_CASE(each_service_name_has_its_own_listener) {
  const PrivateBus bus;
  LoneNode a(2, on_bus(bus.address(), "org.keepalived.Vrrp1.a"));
  LoneNode b(2, on_bus(bus.address(), "org.keepalived.Vrrp1.b"));
  a.start();
  b.start();
  a.network.cut();
  expect_fault_only(a, "dbus");
  a.network.heal();
  a.expect({"MASTER", "MASTER"});
  b.network.cut();
  expect_fault_only(b, "dbus");
  a.network.cut();
  expect_fault_only(a, "dbus");
}

BOOST_AUTO_TEST_CASE(a_name_that_another_keepalived_owns_does_not_count) {
  const PrivateBus bus;
  LoneNode a(2, on_bus(bus.address(), "org.keepalived.Vrrp1"));
  LoneNode b(2, on_bus(bus.address(), "org.keepalived.Vrrp1"));
  a.start();
  a.network.cut();
  expect_fault_only(a, "dbus");
  // Its keepalived never gets the name: what is read there are the other's instances.
  b.start();
  BOOST_TEST(!ever_told(b.node, 0, "state", "FAULT"));
  a.network.heal();
  a.expect({"MASTER", "MASTER"});
  b.network.cut();
  expect_fault_only(b, "fifo");
  b.network.heal();
  b.expect({"MASTER", "MASTER"});
  // Now it inherits the name, but has given up the bus, and says nothing there.
  a.node.stop();
  a.expect({"STOP", "STOP"});
  b.network.cut();
  expect_fault_only(b, "fifo");
  b.node.crash();
  b.expect({"UNKNOWN", "UNKNOWN"});
}

BOOST_AUTO_TEST_CASE(a_loader_started_by_hand_takes_no_keepalived_of_another_network_for_its_own) {
  const PrivateBus bus;
  LoneNode a(2, on_bus(bus.address(), "org.keepalived.Vrrp1"));
  NodeSetup setup = on_bus(bus.address(), "org.keepalived.Vrrp1");
  setup.with_fifo = false;
  LoneNode b(2, setup);
  a.start();
  a.network.cut();
  a.expect({"FAULT", "FAULT"});
  b.node.start_loader("");
  b.start();
  BOOST_TEST(!ever_told(b.node, 0, "state", "FAULT"));
  BOOST_TEST(b.node.loader_log().find("is another keepalived") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
