// SPDX-License-Identifier: MIT
/// @file
/// Living with keepalived: what its consumers are told, and are not, when it or the plugin is
/// reloaded, stopped, killed and started again.
#define BOOST_TEST_DYN_LINK
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include "tests/support/lone_node.hpp"
#include "tests/support/told.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier::tests;

BOOST_AUTO_TEST_SUITE(life_cycle, *boost::unit_test::precondition(keepalived_runs))

BOOST_AUTO_TEST_CASE(a_reload_that_changes_nothing_is_not_told) {
  LoneNode node(3);
  const std::size_t before = node.node.batches();
  const pid_t worker = node.node.worker();
  const std::string holder = node.node.holder();
  node.node.reload();
  expect_another_holder(node.node, holder);
  BOOST_TEST(wait_until([&] { return node.node.worker() > 0 && node.node.worker() != worker; }));
  // What happens next is told once, by the new worker.
  node.network.cut();
  node.expect({"FAULT", "FAULT", "FAULT"});
  BOOST_TEST(node.node.batches() >= before + 1);
  for (std::size_t index = before; index < node.node.batches(); ++index) {
    BOOST_TEST(Told(node.node.command_file()).batches()[index].at("snapshot") == false);
  }
}

BOOST_AUTO_TEST_CASE(a_reload_tells_of_what_was_removed_and_added) {
  LoneNode node(3);
  node.node.configure(LoneNode::configuration(2));
  node.node.reload();
  node.expect({"MASTER", "MASTER", "DELETED"});
  node.node.configure(LoneNode::configuration(4));
  node.node.reload();
  node.expect({"MASTER", "MASTER", "MASTER", "MASTER"});
}

BOOST_AUTO_TEST_CASE(a_stop_and_a_start_go_on_where_they_left) {
  LoneNode node(3);
  node.node.stop();
  node.expect({"STOP", "STOP", "STOP"});
  expect_no_plugin(node.node);
  const std::size_t before = node.node.batches();
  node.node.start();
  node.expect({"MASTER", "MASTER", "MASTER"});
  const Told told(node.node.command_file());
  for (std::size_t index = before; index < told.batches().size(); ++index) {
    BOOST_TEST(told.batches()[index].at("snapshot") == false);
  }
}

BOOST_AUTO_TEST_CASE(a_killed_keepalived_is_told_as_unknown_and_its_orphans_show) {
  LoneNode node(3);
  node.node.crash();
  node.expect({"UNKNOWN", "UNKNOWN", "UNKNOWN"});
  const nlohmann::json entry = Told(node.node.command_file()).entry("VI_0");
  BOOST_TEST(entry.at("cause") == "lost");
  BOOST_TEST(entry.at("health") == "vip_unexpected");
  BOOST_TEST(entry.at("vips").at("present") == 1);
  expect_no_plugin(node.node);
}

BOOST_AUTO_TEST_CASE(a_killed_vrrp_child_comes_back_and_only_the_difference_is_told) {
  LoneNode node(3);
  const std::size_t before = node.node.batches();
  const std::string holder = node.node.holder();
  kill(node.node.pid_in("vrrp.pid"), SIGKILL);
  expect_another_holder(node.node, holder);
  // Respawned, its instances begin as BACKUP and become MASTER again.
  BOOST_TEST(wait_until([&] { return node.node.batches() > before; }));
  node.expect({"MASTER", "MASTER", "MASTER"});
  const Told told(node.node.command_file());
  for (std::size_t index = before; index < told.batches().size(); ++index) {
    for (const nlohmann::json& change : told.batches()[index].at("changes")) {
      BOOST_TEST(change.at("state") != "UNKNOWN");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_killed_worker_is_not_noticed_by_consumers) {
  LoneNode node(3);
  const std::size_t before = node.node.batches();
  const std::string holder = node.node.holder();
  expect_acknowledged(node.node);
  kill(node.node.worker(), SIGKILL);
  expect_another_holder(node.node, holder);
  node.network.cut();
  node.expect({"FAULT", "FAULT", "FAULT"});
  BOOST_TEST(Told(node.node.command_file()).batches()[before].at("snapshot") == false);
}

BOOST_AUTO_TEST_CASE(a_stop_is_delivered_although_the_worker_is_killed_meanwhile) {
  LoneNode node(3);
  expect_acknowledged(node.node);
  // keepalived has signalled the supervisor, which starts another worker on its own way out.
  kill(node.node.worker(), SIGKILL);
  node.node.stop();
  const auto ended = [](const std::string& state) { return state == "STOP" || state == "UNKNOWN"; };
  BOOST_TEST(wait_until([&] {
               const auto states = Told(node.node.command_file()).states();
               return std::all_of(states.begin(), states.end(),
                                  [&](const auto& each) { return ended(each.second); });
             }),
             read_file(node.node.command_file()));
  BOOST_TEST(wait_until([&] { return node.node.plugin_processes().empty(); }));
}

BOOST_AUTO_TEST_CASE(fifo_lines_that_a_killed_worker_read_are_not_lost) {
  LoneNode node(3);
  node.bus.kill();
  // Nothing but the FIFO tells FAULT from BACKUP, and each line is read once.
  for (int round = 0; round < 3; ++round) {
    const std::string holder = node.node.holder();
    const pid_t worker = node.node.worker();
    node.network.cut();
    BOOST_TEST(
        wait_until([&] { return !read_file(node.node.file("state/fifo-journal")).empty(); }));
    kill(worker, SIGKILL);
    expect_another_holder(node.node, holder);
    node.expect({"FAULT", "FAULT", "FAULT"});
    node.network.heal();
    node.expect({"MASTER", "MASTER", "MASTER"});
  }
}

BOOST_AUTO_TEST_CASE(a_killed_keepalived_is_noticed_with_neither_bus_nor_fifo) {
  LoneNode node(3);
  expect_acknowledged(node.node);
  const std::string holder = node.node.holder();
  node.bus.kill();
  std::filesystem::remove(node.node.file("fifo"));
  kill(node.node.worker(), SIGKILL);
  expect_another_holder(node.node, holder);
  node.node.crash();
  node.expect({"UNKNOWN", "UNKNOWN", "UNKNOWN"});
}

BOOST_AUTO_TEST_CASE(a_killed_supervisor_leaves_a_worker_that_goes_on) {
  LoneNode node(3);
  const pid_t worker = node.node.worker();
  kill(node.node.supervisor(), SIGKILL);
  node.network.cut();
  node.expect({"FAULT", "FAULT", "FAULT"});
  BOOST_TEST(node.node.worker() == worker);
  // A reload starts a new one, which takes over.
  const std::string holder = node.node.holder();
  node.node.reload();
  expect_another_holder(node.node, holder);
  node.network.heal();
  node.expect({"MASTER", "MASTER", "MASTER"});
  BOOST_TEST(wait_until([&] { return node.node.plugin_processes().size() == 2; }));
}

BOOST_AUTO_TEST_CASE(lines_lost_over_a_reload_do_not_leave_an_old_state) {
  LoneNode node(3, NodeSetup{});
  // keepalived closes and opens again, over a reload, what it has not made itself; such as the one
  // that a killed keepalived has left.
  BOOST_REQUIRE_EQUAL(mkfifo(node.node.file("fifo").c_str(), 0600), 0);
  node.start();
  node.bus.kill();
  node.network.cut();
  node.expect({"FAULT", "FAULT", "FAULT"});
  expect_acknowledged(node.node);
  kill(node.node.supervisor(), SIGKILL);
  kill(node.node.worker(), SIGKILL);
  expect_no_plugin(node.node);
  node.network.heal();
  // Nobody reads this, and once the FIFO has been closed, it is gone.
  const std::string mastered = "(VI_2) Entering MASTER STATE";
  BOOST_TEST(wait_until([&] {
    const std::string log = node.node.log();
    return log.find(mastered) != log.rfind(mastered);
  }));
  node.node.reload();
  node.expect({"MASTER", "MASTER", "MASTER"});
}

BOOST_AUTO_TEST_CASE(without_dbus_the_fifo_reports_every_state_and_the_stop) {
  const ManyInstances network;
  KeepalivedNode node(network.node, "", ManyInstances::configuration(2) + quick_settings);
  const auto told = [&](const std::string& state) {
    return wait_until([&] {
      const auto states = Told(node.command_file()).states();
      return states == std::map<std::string, std::string>{{"VI_0", state}, {"VI_1", state}};
    });
  };
  const auto seen = [&] { return read_file(node.command_file()) + node.log(); };
  node.start();
  BOOST_REQUIRE_MESSAGE(told("MASTER"), seen());
  network.cut();
  BOOST_REQUIRE_MESSAGE(told("FAULT"), seen());
  BOOST_TEST(Told(node.command_file()).entry("VI_0").at("authority") == "fifo");
  network.heal();
  BOOST_REQUIRE_MESSAGE(told("MASTER"), seen());
  node.stop();
  BOOST_REQUIRE_MESSAGE(told("STOP"), seen());
  BOOST_TEST(Told(node.command_file()).broken_promises() == "");
  BOOST_TEST(wait_until([&] { return node.plugin_processes().empty(); }));
}

BOOST_AUTO_TEST_CASE(a_damaged_ledger_is_kept_aside_and_everybody_gets_a_snapshot) {
  LoneNode node(3);
  const std::size_t before = node.node.batches();
  const std::string ledger = node.node.file("state/ledger");
  BOOST_TEST_REQUIRE(std::filesystem::exists(ledger));
  kill(node.node.supervisor(), SIGSTOP);
  kill(node.node.worker(), SIGKILL);
  std::string text = read_file(ledger);
  text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 1);
  write_file(ledger, text);
  kill(node.node.supervisor(), SIGCONT);
  BOOST_TEST(wait_until([&] { return node.node.batches() > before; }));
  BOOST_TEST(Told(node.node.command_file()).batches()[before].at("snapshot") == true);
  BOOST_TEST(std::filesystem::exists(ledger + ".corrupt"));
}

BOOST_AUTO_TEST_SUITE_END()
