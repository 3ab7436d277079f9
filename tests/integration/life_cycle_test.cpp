// SPDX-License-Identifier: MIT
/// @file
/// Living with keepalived: what its consumers are told, and are not, when it or the plugin is
/// reloaded, stopped, killed and started again.
#define BOOST_TEST_DYN_LINK
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "runtime/ledger_file.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/keepalived_node.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/told.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier::tests;

namespace {

boost::test_tools::assertion_result keepalived_runs(boost::unit_test::test_unit_id /*unit*/) {
  boost::test_tools::assertion_result result(can_run_keepalived());
  result.message() << "needs root and keepalived";
  return result;
}

const char* const quick = "@batch_notifier batch_interval 0.1\n@batch_notifier master_hold 0.2\n";

/// A node of a few instances that are alone on their network, and so become MASTER.
struct Node {
  explicit Node(std::size_t count)
      : node(network.node, bus.address(), ManyInstances::configuration(count) + quick) {
    node.start();
    expect(std::vector<std::string>(count, "MASTER"));
  }

  /// Waits until both consumers know the instances VI_0 … in these states, and checks every
  /// promise.
  void expect(const std::vector<std::string>& states) {
    std::map<std::string, std::string> expected;
    for (std::size_t number = 0; number < states.size(); ++number) {
      expected["VI_" + std::to_string(number)] = states[number];
    }
    for (const std::string& path : {node.command_file(), node.append_file()}) {
      const bool arrived = wait_until([&] { return Told(path).states() == expected; });
      BOOST_REQUIRE_MESSAGE(arrived, path << ":\n" << read_file(path) << node.log());
      BOOST_TEST(Told(path).broken_promises() == "");
    }
  }

  /// What the worker that holds the state directory says of itself. keepalived takes its scripts'
  /// standard error away, so the log does not tell.
  [[nodiscard]] std::string holder() const { return read_file(node.file("state/lock")); }

  /// Waits until another worker than `former` holds the state directory.
  void expect_another(const std::string& former) const {
    BOOST_REQUIRE_MESSAGE(wait_until([&] { return !holder().empty() && holder() != former; }),
                          node.log());
  }

  /// Waits until it is on the ledger that everybody knows everything. A kill before that may cost a
  /// repeated delivery: at least once is the promise.
  void expect_acknowledged() const {
    const auto all_told = [this] {
      const auto ledger =
          batch_notifier::runtime::read_ledger(read_file(node.file("state/ledger")));
      for (const auto& notifier : ledger.notifiers) {
        for (std::size_t index = 0; index < ledger.instances.size(); ++index) {
          const auto& told = notifier.told[index];
          if (told.uncertain || told.state != ledger.instances[index].state) {
            return false;
          }
        }
      }
      return true;
    };
    BOOST_REQUIRE(wait_until(all_told));
  }

  [[nodiscard]] std::size_t batches() const { return Told(node.command_file()).batches().size(); }
  [[nodiscard]] pid_t pid_in(const std::string& file) const {
    return static_cast<pid_t>(std::stol(read_file(node.file(file))));
  }
  /// The worker is the one that leads a session of its own.
  [[nodiscard]] pid_t worker() const {
    for (const pid_t pid : node.plugin_processes()) {
      if (getsid(pid) == pid) {
        return pid;
      }
    }
    return -1;
  }
  [[nodiscard]] pid_t supervisor() const {
    for (const pid_t pid : node.plugin_processes()) {
      if (getsid(pid) != pid) {
        return pid;
      }
    }
    return -1;
  }

  ManyInstances network;
  PrivateBus bus;
  KeepalivedNode node;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(life_cycle, *boost::unit_test::precondition(keepalived_runs))

BOOST_AUTO_TEST_CASE(a_reload_that_changes_nothing_is_not_told) {
  Node node(3);
  const std::size_t before = node.batches();
  const pid_t worker = node.worker();
  const std::string holder = node.holder();
  node.node.reload();
  node.expect_another(holder);
  BOOST_TEST(wait_until([&] { return node.worker() > 0 && node.worker() != worker; }));
  // What happens next is told once, by the new worker.
  node.network.cut();
  node.expect({"FAULT", "FAULT", "FAULT"});
  BOOST_TEST(node.batches() >= before + 1);
  for (std::size_t index = before; index < node.batches(); ++index) {
    BOOST_TEST(Told(node.node.command_file()).batches()[index].at("snapshot") == false);
  }
}

BOOST_AUTO_TEST_CASE(a_reload_tells_of_what_was_removed_and_added) {
  Node node(3);
  node.node.configure(ManyInstances::configuration(2) + quick);
  node.node.reload();
  node.expect({"MASTER", "MASTER", "DELETED"});
  node.node.configure(ManyInstances::configuration(4) + quick);
  node.node.reload();
  node.expect({"MASTER", "MASTER", "MASTER", "MASTER"});
}

BOOST_AUTO_TEST_CASE(a_stop_and_a_start_go_on_where_they_left) {
  Node node(3);
  node.node.stop();
  node.expect({"STOP", "STOP", "STOP"});
  BOOST_TEST(wait_until([&] { return node.node.plugin_processes().empty(); }));
  const std::size_t before = node.batches();
  node.node.start();
  node.expect({"MASTER", "MASTER", "MASTER"});
  const Told told(node.node.command_file());
  for (std::size_t index = before; index < told.batches().size(); ++index) {
    BOOST_TEST(told.batches()[index].at("snapshot") == false);
  }
}

BOOST_AUTO_TEST_CASE(a_killed_keepalived_is_told_as_unknown_and_its_orphans_show) {
  Node node(3);
  const pid_t parent = node.pid_in("keepalived.pid");
  const pid_t child = node.pid_in("vrrp.pid");
  // Held, so that the child neither is replaced nor stops in good order and takes its VIPs away.
  kill(parent, SIGSTOP);
  kill(child, SIGKILL);
  kill(parent, SIGKILL);
  node.expect({"UNKNOWN", "UNKNOWN", "UNKNOWN"});
  const nlohmann::json entry = Told(node.node.command_file()).entry("VI_0");
  BOOST_TEST(entry.at("cause") == "lost");
  BOOST_TEST(entry.at("health") == "vip_unexpected");
  BOOST_TEST(entry.at("vips").at("present") == 1);
  BOOST_TEST(wait_until([&] { return node.node.plugin_processes().empty(); }));
}

BOOST_AUTO_TEST_CASE(a_killed_vrrp_child_comes_back_and_only_the_difference_is_told) {
  Node node(3);
  const std::size_t before = node.batches();
  const std::string holder = node.holder();
  kill(node.pid_in("vrrp.pid"), SIGKILL);
  node.expect_another(holder);
  // Respawned, its instances begin as BACKUP and become MASTER again.
  BOOST_TEST(wait_until([&] { return node.batches() > before; }));
  node.expect({"MASTER", "MASTER", "MASTER"});
  const Told told(node.node.command_file());
  for (std::size_t index = before; index < told.batches().size(); ++index) {
    for (const nlohmann::json& change : told.batches()[index].at("changes")) {
      BOOST_TEST(change.at("state") != "UNKNOWN");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_killed_worker_is_not_noticed_by_consumers) {
  Node node(3);
  const std::size_t before = node.batches();
  const std::string holder = node.holder();
  node.expect_acknowledged();
  kill(node.worker(), SIGKILL);
  node.expect_another(holder);
  node.network.cut();
  node.expect({"FAULT", "FAULT", "FAULT"});
  BOOST_TEST(Told(node.node.command_file()).batches()[before].at("snapshot") == false);
}

BOOST_AUTO_TEST_CASE(a_stop_is_told_although_the_worker_is_killed_meanwhile) {
  Node node(3);
  node.expect_acknowledged();
  // keepalived has signalled the supervisor, which starts another worker on its own way out.
  kill(node.worker(), SIGKILL);
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

BOOST_AUTO_TEST_CASE(a_killed_keepalived_is_noticed_with_neither_bus_nor_fifo) {
  Node node(3);
  node.expect_acknowledged();
  const std::string holder = node.holder();
  node.bus.kill();
  std::filesystem::remove(node.node.file("fifo"));
  kill(node.worker(), SIGKILL);
  node.expect_another(holder);
  kill(node.pid_in("keepalived.pid"), SIGSTOP);
  kill(node.pid_in("vrrp.pid"), SIGKILL);
  kill(node.pid_in("keepalived.pid"), SIGKILL);
  node.expect({"UNKNOWN", "UNKNOWN", "UNKNOWN"});
}

BOOST_AUTO_TEST_CASE(a_killed_supervisor_leaves_a_worker_that_goes_on) {
  Node node(3);
  const pid_t worker = node.worker();
  kill(node.supervisor(), SIGKILL);
  node.network.cut();
  node.expect({"FAULT", "FAULT", "FAULT"});
  BOOST_TEST(node.worker() == worker);
  // A reload starts a new one, which takes over.
  const std::string holder = node.holder();
  node.node.reload();
  node.expect_another(holder);
  node.network.heal();
  node.expect({"MASTER", "MASTER", "MASTER"});
  BOOST_TEST(wait_until([&] { return node.node.plugin_processes().size() == 2; }));
}

BOOST_AUTO_TEST_CASE(a_bus_that_dies_changes_no_state) {
  Node node(3);
  const std::size_t before = node.batches();
  node.bus.kill();
  node.bus.start();
  // keepalived never comes back to it; the kernel decides from here on.
  node.network.cut();
  BOOST_TEST(wait_until([&] { return node.batches() > before; }));
  const Told told(node.node.command_file());
  for (const nlohmann::json& change : told.batches()[before].at("changes")) {
    BOOST_TEST(change.at("authority") != "dbus");
    BOOST_TEST(change.at("previous") == "MASTER");
  }
}

BOOST_AUTO_TEST_CASE(without_dbus_the_fifo_tells_everything_and_the_stop_too) {
  const ManyInstances network;
  KeepalivedNode node(network.node, "", ManyInstances::configuration(2) + quick);
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
  Node node(3);
  const std::size_t before = node.batches();
  const std::string ledger = node.node.file("state/ledger");
  BOOST_TEST_REQUIRE(std::filesystem::exists(ledger));
  kill(node.supervisor(), SIGSTOP);
  kill(node.worker(), SIGKILL);
  std::string text = read_file(ledger);
  text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 1);
  write_file(ledger, text);
  kill(node.supervisor(), SIGCONT);
  BOOST_TEST(wait_until([&] { return node.batches() > before; }));
  BOOST_TEST(Told(node.node.command_file()).batches()[before].at("snapshot") == true);
  BOOST_TEST(std::filesystem::exists(ledger + ".corrupt"));
}

BOOST_AUTO_TEST_SUITE_END()
