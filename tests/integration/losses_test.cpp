// SPDX-License-Identifier: MIT
/// @file
/// Lines of the notify FIFO that a campaign of faults has lost: those that no worker had opened yet
/// when keepalived closed the FIFO again. Without a bus nobody else knows them.
#define BOOST_TEST_DYN_LINK
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include "tests/support/lone_node.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier::tests;

namespace {

/// Lone instances whose delivery of MASTER goes on until release(), so that the worker that makes
/// it cannot hand over.
struct HeldNode : LoneNode {
  HeldNode() : LoneNode(3, NodeSetup{"", false, true, ""}) {}

  void hold_and_start() {
    write_file(node.file("hold"), "");
    write_file(node.file("consumer"),
               "#!/bin/sh\nbatch=$(cat)\necho \"$batch\" >>" + node.command_file() +
                   "\ncase $batch in *'\"state\":\"MASTER\"'*)\n  while [ -e " + node.file("hold") +
                   " ]; do sleep 0.05; done ;;\nesac\n");
    start();
  }
  void release() const { std::filesystem::remove(node.file("hold")); }
};

ino_t fifo_of(const KeepalivedNode& node) {
  struct stat status {};
  return stat(node.file("fifo").c_str(), &status) == 0 ? status.st_ino : 0;
}

std::size_t count_in_log(const KeepalivedNode& node, const std::string& words) {
  const std::string log = node.log();
  std::size_t count = 0;
  for (std::size_t at = log.find(words); at != std::string::npos; at = log.find(words, at + 1)) {
    ++count;
  }
  return count;
}

/// The workers that listen to others in the network namespace of one of them.
std::size_t linked_workers(pid_t one) {
  std::istringstream sockets(read_file("/proc/" + std::to_string(one) + "/net/unix"));
  std::size_t count = 0;
  for (std::string line; std::getline(sockets, line);) {
    const bool listens = line.find(" 00010000 ") != std::string::npos;
    count += listens && line.find("@keepalived-batch-notifier/") != std::string::npos ? 1 : 0;
  }
  return count;
}

std::vector<pid_t> workers_but(const KeepalivedNode& node, const std::vector<pid_t>& others) {
  std::vector<pid_t> workers;
  for (const pid_t pid : node.plugin_processes()) {
    if (getsid(pid) == pid && std::find(others.begin(), others.end(), pid) == others.end()) {
      workers.push_back(pid);
    }
  }
  return workers;
}

/// A node that no bus knows, whose FIFO nobody can open any more, and whose plugin is one that was
/// started by hand after that, with this as its FIFO's path.
struct AdoptedNode : LoneNode {
  explicit AdoptedNode(bool with_path) : LoneNode(3, NodeSetup{"", false, true, ""}) {
    start();
    const std::string former = node.holder();
    std::filesystem::remove(node.file("fifo"));
    node.start_loader(with_path ? node.file("fifo") : "");
    expect_another_holder(node, former);
    BOOST_TEST(wait_until([&] { return node.plugin_processes().size() == 2; }));
  }
};

void expect_in_log(const KeepalivedNode& node, const std::string& words, std::size_t count) {
  BOOST_TEST(wait_until([&] { return count_in_log(node, words) >= count; }),
             words << " is not in the log " << count << " times:\n"
                   << node.log());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(losses, *boost::unit_test::precondition(keepalived_runs))

BOOST_AUTO_TEST_CASE(a_second_reload_before_the_next_worker_begins_loses_no_line) {
  HeldNode node;
  node.hold_and_start();
  const ino_t first = fifo_of(node.node);
  node.node.reload();
  BOOST_TEST(wait_until([&] { return node.node.plugin_processes().size() >= 3; }));
  expect_in_log(node.node, "Reload complete", 1);
  BOOST_TEST(fifo_of(node.node) != first);
  node.network.cut();
  expect_in_log(node.node, "Entering FAULT STATE", 3);
  node.node.reload();
  expect_in_log(node.node, "Reload complete", 2);
  node.release();
  node.expect({"FAULT", "FAULT", "FAULT"});
}

BOOST_AUTO_TEST_CASE(the_end_of_a_worker_that_waits_loses_no_line) {
  HeldNode node;
  node.hold_and_start();
  const pid_t first = node.node.worker();
  const ino_t fifo = fifo_of(node.node);
  node.node.reload();
  BOOST_TEST(wait_until([&] { return linked_workers(first) == 2U; }));
  expect_in_log(node.node, "Reload complete", 1);
  BOOST_TEST(fifo_of(node.node) != fifo);
  const std::vector<pid_t> second = workers_but(node.node, {first});
  BOOST_TEST_REQUIRE(second.size() == 1U);
  node.network.cut();
  expect_in_log(node.node, "Entering FAULT STATE", 3);
  node.node.reload();
  expect_in_log(node.node, "Reload complete", 2);
  BOOST_TEST(wait_until([&] { return linked_workers(first) == 3U; }));
  kill(second.front(), SIGKILL);
  BOOST_TEST(wait_until([&] {
    return workers_but(node.node, {first, second.front()}).size() == 2U &&
           linked_workers(first) == 3U;
  }));
  node.release();
  node.expect({"FAULT", "FAULT", "FAULT"});
}

BOOST_AUTO_TEST_CASE(a_reload_right_after_the_vrrp_process_was_replaced_loses_no_line) {
  HeldNode node;
  node.hold_and_start();
  const pid_t vrrp = node.node.pid_in("vrrp.pid");
  node.network.cut();
  expect_in_log(node.node, "Entering FAULT STATE", 3);
  kill(vrrp, SIGKILL);
  expect_in_log(node.node, "entering FAULT state", 3);
  node.node.reload();
  expect_in_log(node.node, "Reload complete", 1);
  node.release();
  node.expect({"FAULT", "FAULT", "FAULT"});
}

BOOST_DATA_TEST_CASE(a_worker_that_cannot_open_the_fifo_goes_on_with_that_of_the_older_one,
                     boost::unit_test::data::make({true, false}), with_path) {
  AdoptedNode node(with_path);
  node.network.cut();
  node.expect({"FAULT", "FAULT", "FAULT"});
  expect_field(node.node, "VI_0", "authority", "fifo");
  node.network.heal();
  node.expect({"MASTER", "MASTER", "MASTER"});
  node.node.stop();
  node.expect({"STOP", "STOP", "STOP"});
}

BOOST_DATA_TEST_CASE(a_worker_that_cannot_open_the_fifo_learns_that_keepalived_was_killed,
                     boost::unit_test::data::make({true, false}), with_path) {
  AdoptedNode node(with_path);
  node.node.crash();
  node.expect({"UNKNOWN", "UNKNOWN", "UNKNOWN"});
}

BOOST_AUTO_TEST_SUITE_END()
