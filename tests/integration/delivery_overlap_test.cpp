// SPDX-License-Identifier: MIT
/// @file
/// Nothing of an old delivery runs when the next one begins: with real loaders and workers, a
/// command that leaves its work to a process which escapes from it, and the kernel's addresses as
/// the only source, so that no keepalived is needed.
#define BOOST_TEST_DYN_LINK
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <boost/test/unit_test.hpp>

#include "tests/support/cluster.hpp"
#include "tests/support/keepalived_node.hpp"
#include "tests/support/lone_node.hpp"
#include "tests/support/pid.hpp"
#include "tests/support/privilege.hpp"
#include "tests/support/process.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

namespace {

/// One batch is applied by a process that has forked twice, leads its own session, and ignores
/// SIGTERM. It holds a lock meanwhile, and finds out that another one does. The command waits for
/// it, and is a success if it is not killed.
const std::string wrapper = R"sh(#!/bin/sh
cd "$(dirname "$0")" || exit 1
batch=$(cat)
export batch
(setsid sh -c '
  trap "" TERM HUP INT
  exec 9>apply.lock
  flock -n 9 || echo "$KEEPALIVED_BATCH_ID" >>overlaps
  echo "$batch" >>begun
  sleep DURATION
  echo "$batch" >>applied
  touch "done.$KEEPALIVED_BATCH_ID"
' &)
while ! test -e "done.$KEEPALIVED_BATCH_ID"; do sleep 0.02; done
rm "done.$KEEPALIVED_BATCH_ID"
)sh";

struct Stage {
  Stage() {
    node.set_command_options("timeout 100");
    node.configure(LoneNode::configuration(1) + "@batch_notifier stop_timeout 0.5\n");
    set_duration("0.2");
  }

  /// Deliveries take so long from now on, in seconds.
  void set_duration(const std::string& duration) const {
    std::string text = wrapper;
    text.replace(text.find("DURATION"), std::string("DURATION").size(), duration);
    // At once, because a shell reads its script bit by bit.
    write_file(node.file("consumer.new"), text);
    run({"chmod", "755", node.file("consumer.new")});
    std::filesystem::rename(node.file("consumer.new"), node.file("consumer"));
  }

  /// The instance becomes what it is not.
  void flip() {
    up = !up;
    network.node.ip("address " + std::string(up ? "add " : "del ") + vip + " dev d0");
  }

  [[nodiscard]] std::ptrdiff_t begun() const {
    const std::string text = read_file(node.file("begun"));
    return std::count(text.begin(), text.end(), '\n');
  }

  /// Waits for a delivery that has begun since there were `before`.
  void wait_for_delivery(std::ptrdiff_t before) const {
    BOOST_REQUIRE_MESSAGE(wait_until([&] { return begun() > before; }), node.loader_log());
  }

  /// Ends a loader and its worker, as crashes would.
  void crash(Process& loader) const {
    const pid_t worker = node.worker();
    loader.signal(SIGKILL);
    kill(worker, SIGKILL);
    loader.wait();
  }

  [[nodiscard]] std::string overlaps() const { return read_file(node.file("overlaps")); }

  [[nodiscard]] bool applied_last(const std::string& state) const {
    const std::string text = read_file(node.file("applied"));
    const std::size_t last = text.rfind("\"state\":\"");
    return last != std::string::npos && text.compare(last + 9, state.size(), state) == 0;
  }

  const std::string vip = "10.0.1.1/32";
  bool up = false;
  ManyInstances network;
  KeepalivedNode node{network.node, NodeSetup{"", false, false, ""}, ""};
};

/// How often a worker is killed: BATCH_NOTIFIER_KILLS, else a few times.
int kills_wanted() {
  const char* wanted = std::getenv("BATCH_NOTIFIER_KILLS");
  return wanted != nullptr ? std::stoi(wanted) : 12;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(delivery_overlap, Stage, *boost::unit_test::precondition(is_root))

BOOST_AUTO_TEST_CASE(killed_workers_leave_no_delivery_at_work) {
  for (int kills = 0; kills < kills_wanted(); ++kills) {
    Process& loader = node.start_loader("");
    flip();
    wait_for_delivery(begun());
    // Every other one is replaced by its supervisor.
    if (kills % 2 == 0 && ++kills < kills_wanted()) {
      const std::ptrdiff_t before = begun();
      kill(node.worker(), SIGKILL);
      wait_for_delivery(before);
    }
    crash(loader);
  }
  Process& last = node.start_loader("");
  BOOST_TEST(wait_until([&] { return applied_last(up ? "MASTER" : "BACKUP"); }));
  BOOST_TEST(overlaps() == "");
  last.signal(SIGTERM);
  last.wait();
}

BOOST_AUTO_TEST_CASE(a_delivery_that_a_handover_cuts_short_is_at_an_end) {
  set_duration("100");
  Process& older = node.start_loader("");
  wait_for_delivery(0);
  set_duration("0.2");
  Process& newer = node.start_loader("");
  wait_for_delivery(1);
  BOOST_TEST(wait_until([&] { return applied_last("BACKUP"); }), node.loader_log());
  BOOST_TEST(older.wait().has_value());
  BOOST_TEST(overlaps() == "");
  newer.signal(SIGTERM);
  newer.wait();
}

BOOST_AUTO_TEST_CASE(a_worker_that_does_not_hand_over_is_ended_with_its_delivery) {
  set_duration("100");
  Process& older = node.start_loader("");
  wait_for_delivery(0);
  const pid_t hung = node.worker();
  // Nobody replaces it, and it does not listen.
  older.signal(SIGKILL);
  older.wait();
  kill(hung, SIGSTOP);
  set_duration("0.2");
  Process& newer = node.start_loader("");
  wait_for_delivery(1);
  BOOST_TEST(!alive(hung));
  BOOST_TEST(wait_until([&] { return applied_last("BACKUP"); }), node.loader_log());
  BOOST_TEST(overlaps() == "");
  newer.signal(SIGTERM);
  newer.wait();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace batch_notifier::tests
