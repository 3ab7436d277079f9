// SPDX-License-Identifier: MIT
/// @file
/// Lines of the notify FIFO that a campaign of faults has lost: those that no worker had opened yet
/// when keepalived closed the FIFO again. Without a bus nobody else knows them.
#define BOOST_TEST_DYN_LINK
#include <csignal>
#include <filesystem>
#include <string>

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

BOOST_AUTO_TEST_SUITE_END()
