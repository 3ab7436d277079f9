// SPDX-License-Identifier: MIT
/// @file
/// Which witness decides about a real keepalived when some of the witnesses are missing, are
/// lost on the way or come back: the authority changes, and no state that did not.
#define BOOST_TEST_DYN_LINK
#include <fcntl.h>

#include <csignal>
#include <string>

#include <boost/test/unit_test.hpp>

#include "runtime/unique_fd.hpp"
#include "tests/support/lone_node.hpp"

using namespace batch_notifier::tests;

namespace {

NodeSetup without_dbus() {
  NodeSetup setup;
  setup.enable_dbus = false;
  return setup;
}

/// All that a consumer can learn of one life of keepalived, from no other witness than the FIFO.
void live_by_the_fifo(LoneNode& node) {
  node.start();
  expect_field(node.node, "VI_0", "authority", "fifo");
  expect_field(node.node, "VI_0", "priority", 100);
  node.network.cut();
  node.expect({"FAULT", "FAULT"});
  node.network.heal();
  node.expect({"MASTER", "MASTER"});
  node.node.stop();
  node.expect({"STOP", "STOP"});
  expect_field(node.node, "VI_0", "cause", "shutdown");
  expect_no_plugin(node.node);
  node.start();
  node.node.crash();
  node.expect({"UNKNOWN", "UNKNOWN"});
  expect_field(node.node, "VI_0", "cause", "lost");
  expect_field(node.node, "VI_0", "health", "vip_unexpected");
  expect_no_plugin(node.node);
  BOOST_TEST(!ever_told(node.node, 0, "authority", "dbus"));
  BOOST_TEST(!ever_told(node.node, 0, "state", "DELETED"));
}

/// While somebody else has the FIFO open for writing.
void crash_with_the_fifo_kept_open(bool after_telling_the_loader) {
  LoneNode node(2, without_dbus());
  node.start();
  const batch_notifier::runtime::UniqueFd writer(
      open(node.node.file("fifo").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  BOOST_TEST_REQUIRE(static_cast<bool>(writer));
  if (after_telling_the_loader) {
    kill(node.node.supervisor(), SIGTERM);
  }
  node.node.crash();
  node.expect({"UNKNOWN", "UNKNOWN"});
  expect_field(node.node, "VI_0", "cause", "lost");
  expect_no_plugin(node.node);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(authority, *boost::unit_test::precondition(keepalived_runs))

BOOST_AUTO_TEST_CASE(without_enable_dbus_the_fifo_decides) {
  LoneNode node(2, without_dbus());
  live_by_the_fifo(node);
}

BOOST_AUTO_TEST_CASE(a_fifo_that_another_process_keeps_open_hides_no_crash) {
  crash_with_the_fifo_kept_open(false);
}

BOOST_AUTO_TEST_CASE(a_fifo_that_another_process_keeps_open_hides_no_crash_during_a_stop) {
  crash_with_the_fifo_kept_open(true);
}

BOOST_AUTO_TEST_CASE(on_a_machine_without_a_bus_the_fifo_decides) {
  NodeSetup setup;
  setup.bus_address = "unix:path=/nonexistent/bus";
  LoneNode node(2, setup);
  live_by_the_fifo(node);
}

BOOST_AUTO_TEST_CASE(an_instance_name_that_d_bus_does_not_allow_leaves_the_fifo) {
  LoneNode node(2, NodeSetup{}, "instance foo-bar\n");
  live_by_the_fifo(node);
}

BOOST_AUTO_TEST_CASE(with_neither_bus_nor_fifo_the_kernel_decides) {
  NodeSetup setup = without_dbus();
  setup.with_fifo = false;
  LoneNode node(2, setup);
  node.node.start_loader("");
  node.start();
  expect_field(node.node, "VI_0", "authority", "netlink");
  // The kernel knows no FAULT.
  node.network.cut();
  node.expect({"BACKUP", "BACKUP"});
  node.network.heal();
  node.expect({"MASTER", "MASTER"});
  node.node.stop();
  node.expect({"BACKUP", "BACKUP"});
  expect_field(node.node, "VI_0", "authority", "netlink");
  expect_field(node.node, "VI_0", "cause", "signal");
  expect_field(node.node, "VI_0", "health", "ok");
}

BOOST_AUTO_TEST_CASE(a_loader_without_a_fifo_hears_d_bus) {
  NodeSetup setup;
  setup.with_fifo = false;
  LoneNode node(2, setup);
  node.node.start_loader("");
  node.start();
  node.network.cut();
  node.expect({"FAULT", "FAULT"});
  expect_field(node.node, "VI_0", "authority", "dbus");
  node.node.crash();
  node.expect({"UNKNOWN", "UNKNOWN"});
}

BOOST_AUTO_TEST_CASE(the_fifo_decides_after_the_bus_was_restarted_until_keepalived_is) {
  LoneNode node(2);
  expect_field(node.node, "VI_0", "authority", "dbus");
  expect_acknowledged(node.node);
  const std::size_t before = node.node.batches();
  node.bus.kill();
  node.bus.start();
  // keepalived never comes back to it.
  node.network.cut();
  node.expect({"FAULT", "FAULT"});
  expect_field(node.node, "VI_0", "authority", "fifo");
  expect_field(node.node, "VI_0", "path", {"MASTER", "FAULT"});
  expect_field(node.node, "VI_0", "cause", "signal");
  BOOST_TEST(node.node.batches() == before + 1);
  node.network.heal();
  node.expect({"MASTER", "MASTER"});
  BOOST_TEST(!ever_told(node.node, before, "authority", "dbus"));
  BOOST_TEST(!ever_told(node.node, before, "authority", "netlink"));
  BOOST_TEST(!ever_told(node.node, before, "state", "UNKNOWN"));
  node.node.stop();
  node.expect({"STOP", "STOP"});
  expect_no_plugin(node.node);
  node.start();
  node.network.cut();
  node.expect({"FAULT", "FAULT"});
  expect_field(node.node, "VI_0", "authority", "dbus");
}

BOOST_AUTO_TEST_CASE(the_fifo_decides_while_the_bus_hangs_and_its_return_changes_no_state) {
  LoneNode node(2);
  node.bus.freeze();
  node.network.cut();
  node.expect({"FAULT", "FAULT"});
  expect_field(node.node, "VI_0", "authority", "fifo");
  node.bus.thaw();
  node.network.heal();
  node.expect({"MASTER", "MASTER"});
  node.network.cut();
  node.expect({"FAULT", "FAULT"});
  expect_field(node.node, "VI_0", "authority", "dbus");
  BOOST_TEST(!ever_told(node.node, 0, "state", "UNKNOWN"));
  BOOST_TEST(!ever_told(node.node, 0, "state", "STOP"));
}

BOOST_AUTO_TEST_CASE(a_stop_while_the_bus_hangs_is_a_stop) {
  LoneNode node(2);
  node.bus.freeze();
  node.node.stop();
  node.expect({"STOP", "STOP"});
  expect_field(node.node, "VI_0", "cause", "shutdown");
  expect_no_plugin(node.node);
  BOOST_TEST(!ever_told(node.node, 0, "state", "UNKNOWN"));
}

BOOST_AUTO_TEST_SUITE_END()
