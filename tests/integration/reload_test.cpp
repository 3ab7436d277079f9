// SPDX-License-Identifier: MIT
/// @file
/// Reloads of a real keepalived that change something, and loaders that take over from one another:
/// what is told is the difference, once, to everybody whom it concerns.
#define BOOST_TEST_DYN_LINK
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include "ledger/ledger_format.hpp"
#include "tests/support/lone_node.hpp"
#include "tests/support/told.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier::tests;

namespace {

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  BOOST_TEST_REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

/// Reloads keepalived and waits for the new worker, everything acknowledged before.
void reload(KeepalivedNode& node, const std::string& body) {
  expect_acknowledged(node);
  const std::string holder = node.holder();
  node.configure(body);
  node.reload();
  expect_another_holder(node, holder);
}

/// How often both consumers were told each state from the given batch on. BACKUP does not count:
/// whether it lasts long enough to be told on the way from FAULT to MASTER is a matter of moments.
/// Nor does a health: on a busy machine keepalived stays MASTER on a dead link for longer than
/// health_wait.
void expect_told_once(const std::map<std::string, std::size_t>& first,
                      const std::map<std::string, std::size_t>& expected) {
  for (const auto& [path, from] : first) {
    std::map<std::string, std::size_t> told_states;
    const Told told(path);
    for (std::size_t index = from; index < told.batches().size(); ++index) {
      BOOST_TEST(told.batches()[index].at("snapshot") == false);
      for (const nlohmann::json& change : told.batches()[index].at("changes")) {
        if (change.at("state") != "BACKUP" && change.at("cause") != "health") {
          ++told_states[change.at("state")];
        }
      }
    }
    BOOST_CHECK_MESSAGE(told_states == expected, path << ":\n" << read_file(path));
    BOOST_TEST(told.broken_promises() == "");
  }
}

/// How many batches each consumer has.
std::map<std::string, std::size_t> batches_of(const KeepalivedNode& node) {
  std::map<std::string, std::size_t> batches;
  for (const std::string& path : {node.command_file(), node.append_file()}) {
    batches[path] = Told(path).batches().size();
  }
  return batches;
}

std::size_t consumers_on_ledger(const KeepalivedNode& node) {
  return batch_notifier::ledger::read_ledger(read_file(node.file("state/ledger"))).notifiers.size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reload_of_keepalived, *boost::unit_test::precondition(keepalived_runs))

BOOST_AUTO_TEST_CASE(an_instance_is_renamed) {
  LoneNode node(2);
  reload(node.node,
         replaced(LoneNode::configuration(2), "vrrp_instance VI_0", "vrrp_instance web"));
  expect_states(node.node, {{"VI_0", "DELETED"}, {"VI_1", "MASTER"}, {"web", "MASTER"}});
  expect_field(node.node, "web", "authority", "dbus");
  node.network.cut();
  expect_states(node.node, {{"VI_0", "DELETED"}, {"VI_1", "FAULT"}, {"web", "FAULT"}});
  BOOST_TEST(!ever_told(node.node, 0, "health", "vip_missing"));
  BOOST_TEST(!ever_told(node.node, 0, "health", "vip_unexpected"));
}

BOOST_AUTO_TEST_CASE(a_vip_is_added) {
  LoneNode node(2);
  const auto before = batches_of(node.node);
  reload(node.node,
         replaced(LoneNode::configuration(2), "10.0.1.1/32", "10.0.1.1/32\n        10.0.2.1/32"));
  node.network.cut();
  node.expect({"FAULT", "FAULT"});
  expect_field(node.node, "VI_0", "vips", {{"expected", 2}, {"present", 0}});
  expect_told_once(before, {{"FAULT", 2}});
  node.network.heal();
  node.expect({"MASTER", "MASTER"});
  expect_field(node.node, "VI_0", "vips", {{"expected", 2}, {"present", 2}});
}

BOOST_AUTO_TEST_CASE(a_consumer_comes_and_goes_and_comes_again) {
  LoneNode node(2);
  const auto before = batches_of(node.node);
  const std::string third = node.node.file("third.jsonl");
  const std::string with_third =
      LoneNode::configuration(2) + "@batch_notifier append_file \"" + third + "\"\n";
  for (std::size_t round = 1; round <= 2; ++round) {
    reload(node.node, with_third);
    BOOST_TEST(wait_until([&] { return Told(third).batches().size() == round; }));
    const Told told(third);
    BOOST_TEST_REQUIRE(told.batches().size() == round);
    BOOST_TEST(told.batches().back().at("snapshot") == true);
    BOOST_TEST(told.batches().back().at("changes").size() == 2U);
    BOOST_TEST(wait_until([&] { return consumers_on_ledger(node.node) == 3; }));
    reload(node.node, LoneNode::configuration(2));
    BOOST_TEST(wait_until([&] { return consumers_on_ledger(node.node) == 2; }));
  }
  expect_told_once(before, {});
}

BOOST_AUTO_TEST_CASE(settings_and_mistakes_change_nothing_for_consumers) {
  LoneNode node(2);
  const auto before = batches_of(node.node);
  reload(node.node, LoneNode::configuration(2) + "@batch_notifier batch_interval 0.2\n");
  reload(node.node, LoneNode::configuration(2) +
                        "@batch_notifier batch_wait nonsense\n@batch_notifier no_such_key 1\n"
                        "@batch_notifier append_file relative\n");
  node.network.cut();
  node.expect({"FAULT", "FAULT"});
  expect_told_once(before, {{"FAULT", 2}});
}

BOOST_AUTO_TEST_CASE(changes_during_a_reload_are_delivered_once) {
  LoneNode node(3);
  expect_acknowledged(node.node);
  const auto before = batches_of(node.node);
  const std::string holder = node.node.holder();
  node.network.cut();
  node.node.reload();
  node.expect({"FAULT", "FAULT", "FAULT"});
  expect_another_holder(node.node, holder);
  expect_acknowledged(node.node);
  expect_told_once(before, {{"FAULT", 3}});
}

BOOST_AUTO_TEST_CASE(without_a_state_directory_a_reload_hands_over_all_the_same) {
  LoneNode node(3, NodeSetup{});
  // A file in its place, so that it can be neither made nor used.
  write_file(node.node.file("state"), "");
  node.start();
  for (int round = 0; round < 3; ++round) {
    const auto before = batches_of(node.node);
    const pid_t worker = node.node.worker();
    node.network.cut();
    node.node.reload();
    node.expect({"FAULT", "FAULT", "FAULT"});
    BOOST_TEST(wait_until(
        [&] { return node.node.plugin_processes().size() == 2 && node.node.worker() != worker; }));
    node.network.heal();
    node.expect({"MASTER", "MASTER", "MASTER"});
    expect_told_once(before, {{"FAULT", 3}, {"MASTER", 3}});
  }
}

BOOST_AUTO_TEST_CASE(a_command_that_runs_over_a_reload_ends_by_itself_and_is_not_run_again) {
  const TemporaryDirectory directory;
  const std::string begun = directory.file("begun");
  const std::string ended = directory.file("ended");
  const std::string command = directory.file("command");
  write_file(command, "#!/bin/sh\ncat >>" + begun + "\nsleep 2\necho >>" + ended + "\n");
  BOOST_REQUIRE_EQUAL(chmod(command.c_str(), 0755), 0);
  LoneNode node(1, NodeSetup{}, "@batch_notifier notify_batch " + command + "\n");
  node.start();
  const auto lines_in = [](const std::string& path) {
    const std::string text = read_file(path);
    return std::count(text.begin(), text.end(), '\n');
  };
  BOOST_TEST(wait_until([&] { return lines_in(ended) == lines_in(begun) && lines_in(ended) > 0; }));
  expect_acknowledged(node.node);
  const auto before = lines_in(begun);
  const std::string holder = node.node.holder();
  node.network.cut();
  BOOST_TEST(wait_until([&] { return lines_in(begun) > before; }));
  node.node.reload();
  expect_another_holder(node.node, holder);
  BOOST_TEST(lines_in(ended) == lines_in(begun));
  node.network.heal();
  node.expect({"MASTER"});
  BOOST_TEST(wait_until([&] { return Told(begun).state("VI_0") == "MASTER"; }));
  BOOST_TEST(wait_until([&] { return lines_in(ended) == lines_in(begun); }));
  BOOST_TEST(Told(begun).broken_promises() == "");
  std::size_t faults = 0;
  const Told told(begun);
  for (const nlohmann::json& batch : told.batches()) {
    faults += batch.at("changes").at(0).at("state") == "FAULT" ? 1 : 0;
  }
  BOOST_TEST(faults == 1U);
}

BOOST_AUTO_TEST_CASE(a_loader_started_by_hand_takes_over_and_is_taken_over) {
  LoneNode node(2);
  const auto before = batches_of(node.node);
  expect_acknowledged(node.node);
  std::string holder = node.node.holder();
  node.node.start_loader("");
  expect_another_holder(node.node, holder);
  BOOST_TEST(wait_until([&] { return node.node.plugin_processes().size() == 2; }));
  node.network.cut();
  node.expect({"FAULT", "FAULT"});
  expect_field(node.node, "VI_0", "authority", "dbus");
  expect_acknowledged(node.node);
  holder = node.node.holder();
  node.node.start_loader(node.node.file("fifo"));
  expect_another_holder(node.node, holder);
  BOOST_TEST(wait_until([&] { return node.node.plugin_processes().size() == 2; }));
  node.network.heal();
  node.expect({"MASTER", "MASTER"});
  expect_acknowledged(node.node);
  holder = node.node.holder();
  node.node.reload();
  expect_another_holder(node.node, holder);
  BOOST_TEST(wait_until([&] { return node.node.plugin_processes().size() == 2; }));
  node.network.cut();
  node.expect({"FAULT", "FAULT"});
  expect_told_once(before, {{"FAULT", 4}, {"MASTER", 2}});
}

BOOST_DATA_TEST_CASE(the_first_batch_is_a_snapshot_and_no_other,
                     boost::unit_test::data::make({1, 2, 255, 1000}), number) {
  const auto count = static_cast<std::size_t>(number);
  const ManyInstances network;
  const PrivateBus bus;
  const std::string body = ManyInstances::configuration(count) + quick_settings;
  KeepalivedNode node(network.node, bus.address(), body);
  node.start();
  expect_each(node, std::vector<std::string>(count, "MASTER"));
  for (const std::string& path : {node.command_file(), node.append_file()}) {
    const Told told(path);
    BOOST_TEST(told.batches().front().at("snapshot") == true);
    BOOST_TEST(told.batches().front().at("changes").size() == count);
  }
  const auto before = batches_of(node);
  reload(node, body);
  network.cut();
  expect_each(node, std::vector<std::string>(count, "FAULT"));
  expect_told_once(before, {{"FAULT", count}});
  node.stop();
  expect_no_plugin(node);
  const auto after = batches_of(node);
  network.heal();
  node.start();
  expect_each(node, std::vector<std::string>(count, "MASTER"));
  for (const auto& [path, from] : after) {
    const Told told(path);
    for (std::size_t index = from; index < told.batches().size(); ++index) {
      BOOST_TEST(told.batches()[index].at("snapshot") == false);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
