// SPDX-License-Identifier: MIT
/// @file
/// The whole thing as a user has it: real keepalived, real buses, the real kernel.
#define BOOST_TEST_DYN_LINK
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/cluster.hpp"
#include "tests/support/keepalived_node.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/told.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier::tests;

namespace {

std::string pair_configuration(const std::string& priority) {
  return "vrrp_instance web {\n    interface eth0\n    virtual_router_id 51\n    priority " +
         priority +
         "\n    advert_int 0.3\n    virtual_ipaddress {\n        192.0.2.100/24\n        "
         "192.0.2.101/24\n    }\n    virtual_ipaddress_excluded {\n        2001:db8::99/64\n    "
         "}\n    @batch_notifier label tier \"front\"\n}\n"
         "vrrp_instance web6 {\n    interface eth0\n    virtual_router_id 51\n    priority " +
         priority +
         "\n    advert_int 0.3\n    virtual_ipaddress {\n        fe80::100/64\n        "
         "2001:db8::100/64\n    }\n}\n"
         "vrrp_sync_group both {\n    group {\n        web\n        web6\n    }\n}\n"
         "@batch_notifier batch_interval 0.2\n";
}

/// A node of the pair, and what its two consumers and its keepalived say.
struct PairNode {
  PrivateBus bus;
  KeepalivedNode node;

  PairNode(const NetworkNamespace& where, const std::string& priority)
      : node(where, bus.address(), pair_configuration(priority)) {}

  /// Waits until both consumers know both instances in `state`, then holds everything that they
  /// were told against keepalived's own word and against the format's promises.
  void expect(const std::string& state, const std::string& on_dbus) {
    BOOST_TEST_CONTEXT("both instances are to be " << state) {
      for (const std::string& path : {node.command_file(), node.append_file()}) {
        const bool arrived = wait_until([&] {
          const Told told(path);
          return told.state("web") == state && told.state("web6") == state;
        });
        const Told told(path);
        BOOST_REQUIRE_MESSAGE(arrived, path << " has web " << told.state("web") << ", web6 "
                                            << told.state("web6") << "\n"
                                            << node.log());
        BOOST_TEST(told.broken_promises() == "");
        const int owned = state == "MASTER" ? 1 : 0;
        check_entry(told.entry("web"), "IPv4", 3, 3 * owned);
        check_entry(told.entry("web6"), "IPv6", 2, 2 * owned);
        BOOST_TEST(told.entry("web").at("labels").at("tier") == "front");
      }
      if (!on_dbus.empty()) {
        BOOST_TEST(node.state_on_dbus("eth0/51/IPv4") == on_dbus);
        BOOST_TEST(node.state_on_dbus("eth0/51/IPv6") == on_dbus);
      }
    }
  }

  static void check_entry(const nlohmann::json& entry, const std::string& family, int expected,
                          int present) {
    BOOST_TEST(entry.at("family") == family);
    BOOST_TEST(entry.at("interface") == "eth0");
    BOOST_TEST(entry.at("vrid") == 51);
    BOOST_TEST(entry.at("sync_group") == "both");
    BOOST_TEST(entry.at("authority") == "dbus");
    BOOST_TEST(entry.at("vips").at("expected") == expected);
    BOOST_TEST(entry.at("vips").at("present") == present);
    BOOST_TEST(entry.at("health") == "ok");
  }
};

/// How many batches a burst may take: one when its window closes, and one for each `batch_interval`
/// of 2 s for which keepalived goes on. On a machine that is not busy it is over in a second, and
/// this is 2.
std::size_t batches_allowed(const std::vector<nlohmann::json>& batches, std::size_t first) {
  double begin = 86400;
  double end = 0;
  for (std::size_t index = first; index < batches.size(); ++index) {
    for (const nlohmann::json& change : batches[index].at("changes")) {
      begin = std::min(begin, seconds_of_day(change.at("since")));
      end = std::max(end, seconds_of_day(change.at("since")));
    }
  }
  BOOST_TEST_MESSAGE("the burst lasted " << end - begin << " s");
  return 2 + static_cast<std::size_t>(std::max(0.0, end - begin) / 2);
}

/// How often a process has given up the processor of its own accord.
long voluntary_switches(pid_t pid) {
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
  const std::string key = "\nvoluntary_ctxt_switches:";
  const std::size_t at = status.find(key);
  return at == std::string::npos ? -1 : std::stol(status.substr(at + key.size()));
}

/// Waits until none of the processes has run for three seconds. The pause is what is measured.
bool fall_asleep(const std::vector<pid_t>& processes) {
  std::vector<long> switches;
  return wait_until([&] {
    std::vector<long> now;
    now.reserve(processes.size());
    for (const pid_t pid : processes) {
      now.push_back(voluntary_switches(pid));
    }
    const bool unchanged = now == std::exchange(switches, now);
    std::this_thread::sleep_for(std::chrono::seconds(3));
    return unchanged;
  });
}

/// Whether the consumer's file has exactly `count` instances, all in `state`.
bool all_are(const std::string& state, std::size_t count, const std::string& path) {
  const auto states = Told(path).states();
  return states.size() == count && std::all_of(states.begin(), states.end(), [&](const auto& each) {
           return each.second == state;
         });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(failover, *boost::unit_test::precondition(keepalived_runs))

BOOST_AUTO_TEST_CASE(a_pair_fails_over_and_back) {
  const Pair pair;
  PairNode a(pair.a, "150");
  PairNode b(pair.b, "100");
  a.node.start();
  a.expect("MASTER", "Master");
  BOOST_TEST(Told(a.node.command_file()).batches().front().at("snapshot") == true);
  b.node.start();
  b.expect("BACKUP", "Backup");
  pair.cut_a();
  a.expect("FAULT", "Fault");
  b.expect("MASTER", "Master");
  pair.heal_a();
  a.expect("MASTER", "Master");
  b.expect("BACKUP", "Backup");
  a.node.stop();
  a.expect("STOP", "");
  b.expect("MASTER", "Master");
  BOOST_TEST(wait_until([&] { return a.node.plugin_processes().empty(); }));
}

BOOST_AUTO_TEST_CASE(the_survivor_of_a_split_brain_is_told_again) {
  const Pair pair;
  PairNode a(pair.a, "150");
  PairNode b(pair.b, "100");
  a.node.start();
  a.expect("MASTER", "Master");
  b.node.start();
  b.expect("BACKUP", "Backup");
  pair.part();
  b.expect("MASTER", "Master");
  BOOST_TEST(Told(a.node.command_file()).entry("web").at("cause") != "contested");
  pair.join();
  b.expect("BACKUP", "Backup");
  for (const std::string& path : {a.node.command_file(), a.node.append_file()}) {
    BOOST_TEST(wait_until([&] { return Told(path).entry("web").at("cause") == "contested"; }),
               a.node.log());
    const nlohmann::json web = Told(path).entry("web");
    BOOST_TEST(web.at("previous") == "MASTER");
    BOOST_TEST(web.at("state") == "MASTER");
  }
  a.expect("MASTER", "Master");
}

BOOST_AUTO_TEST_CASE(keepalived_accepts_the_configuration_silently) {
  // As in the manual: script security on, and every path owned by root.
  const NetworkNamespace where;
  where.add_veth("d0", "p0");
  const PrivateBus bus;
  KeepalivedNode node(where, bus.address(), "");
  write_file(node.file("keepalived.conf"),
             "global_defs {\n    enable_dbus\n    enable_script_security\n    script_user root\n"
             "    vrrp_notify_fifo /run/batch-notifier-test.fifo\n"
             "    vrrp_notify_fifo_script \"/usr/bin/env plugin.so\"\n}\n"
             "vrrp_instance VI_1 {\n    interface d0\n    virtual_router_id 1\n"
             "    @batch_notifier master_hold 3\n    @batch_notifier label a \"b { c } # d\"\n"
             "    virtual_ipaddress {\n        192.0.2.1/32\n    }\n}\n"
             "@batch_notifier notify_batch \"/usr/bin/env --x 'a b'\" timeout 3 user nobody\n"
             "@batch_notifier batch_wait 0.2\n");
  BOOST_TEST(node.test_configuration() == "0");
}

BOOST_AUTO_TEST_CASE(a_thousand_instances_lose_their_links) {
  constexpr std::size_t count = 1000;
  const ManyInstances many;
  const PrivateBus bus;
  KeepalivedNode node(many.node, bus.address(),
                      ManyInstances::configuration(count) + "@batch_notifier master_hold 0\n");
  const auto everybody = [&](const std::string& state) {
    return wait_until(
        [&] {
          return all_are(state, count, node.command_file()) &&
                 all_are(state, count, node.append_file());
        },
        std::chrono::seconds(60));
  };
  node.start();
  BOOST_REQUIRE_MESSAGE(everybody("MASTER"), node.log().substr(0, 4000));
  const std::size_t before = Told(node.command_file()).batches().size();
  many.cut();
  BOOST_REQUIRE_MESSAGE(everybody("FAULT"), node.log().substr(0, 4000));
  for (const std::string& path : {node.command_file(), node.append_file()}) {
    const Told told(path);
    BOOST_TEST(told.broken_promises() == "");
    BOOST_TEST(told.batches().size() - before <= batches_allowed(told.batches(), before));
    for (std::size_t number = 0; number < count; ++number) {
      const auto entry = told.entry("VI_" + std::to_string(number));
      if (entry.at("health") != "ok" || entry.at("vips").at("present") != 0) {
        BOOST_ERROR("VI_" << number << ": " << entry.dump());
      }
    }
  }
  const std::size_t after = Told(node.command_file()).batches().size();
  // While nothing happens nothing is sent, and neither process wakes up.
  const std::vector<pid_t> processes = node.plugin_processes();
  BOOST_TEST(processes.size() == 2U);
  BOOST_TEST(fall_asleep(processes));
  BOOST_TEST(Told(node.command_file()).batches().size() == after);
}

BOOST_AUTO_TEST_SUITE_END()
