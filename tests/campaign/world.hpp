// SPDX-License-Identifier: MIT
/// @file
/// Where a campaign happens: the node under test with its bus, keepalived and plugin, a neighbour
/// that takes over when it can, and the cables between them. Beside the real things it keeps what
/// the program of faults has done to them, because what must be told depends on that: a keepalived
/// that was killed is UNKNOWN, and one that has lost its bus and its FIFO cannot tell BACKUP from
/// FAULT.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/campaign/consumer.hpp"
#include "tests/campaign/plan.hpp"
#include "tests/support/keepalived_node.hpp"
#include "tests/support/network_namespace.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/process.hpp"

namespace batch_notifier::tests {

/// How the keepalived of the node under test is.
enum class Life {
  running,  ///< It runs.
  stopped,  ///< It was asked to end, and had time to say so.
  killed    ///< It ended without a word.
};

/// The node under test and everything around it.
class World {
 public:
  /// Makes the network and starts the neighbour, but not yet the node.
  World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  /// Ends everything.
  ~World();

  /// Pulls a cable at the node or at its neighbour, or puts it back.
  void set_cable(std::size_t cable, bool at_node, bool up);
  /// Whether a cable is in.
  [[nodiscard]] bool cable(std::size_t cable, bool at_node) const {
    return cables_.at(cable).at(at_node ? 0 : 1);
  }

  /// Starts keepalived with the present plan.
  void start();
  /// SIGTERM, until it has ended.
  void stop();
  /// SIGKILL to its processes.
  void kill_keepalived();
  /// SIGKILL to its VRRP process alone; keepalived starts another.
  void kill_vrrp_process();
  /// SIGHUP with the present plan. Nothing happens if keepalived does not run.
  void reload();
  /// Whether it runs.
  [[nodiscard]] Life life() const { return life_; }

  /// Ends the bus daemon, or starts it again.
  void set_bus(bool up);
  /// Whether there is a bus.
  [[nodiscard]] bool bus_is_up() const { return bus_up_; }

  /// Starts another loader by hand on the same state directory.
  void start_rival();
  /// Damages the ledger behind the back of a worker that is killed.
  void damage_ledger();
  /// Chooses what the command does with the next batches: ok, slow, unseen, seen or hang.
  void set_command_mode(const std::string& mode);

  /// The plugin's worker, the process that leads a session; -1 if there is none.
  [[nodiscard]] pid_t worker() const;
  /// Its supervisor; -1 if there is none.
  [[nodiscard]] pid_t supervisor() const;
  /// keepalived's VRRP process; -1 if there is none.
  [[nodiscard]] pid_t vrrp_process() const;
  /// Whether a process of the plugin has keepalived's present FIFO open.
  [[nodiscard]] bool fifo_is_read() const;
  /// Whether a loader was started by hand and still runs.
  [[nodiscard]] bool has_rival() const;

  /// Names of the instances that are configured and running, by their number.
  [[nodiscard]] const Plan& loaded() const { return loaded_; }
  /// Every name that was ever configured.
  [[nodiscard]] const std::set<std::string>& names() const { return names_; }
  /// Whether the kernel alone may have to decide, which cannot tell BACKUP from FAULT, nor a VIP
  /// that was added by hand from a promotion: keepalived has lost its bus, and what it wrote into
  /// the FIFO may be lost too.
  [[nodiscard]] bool is_blind() const { return !on_bus_ && fifo_suspect_; }
  /// Lines on the FIFO may be lost from now on.
  void suspect_fifo() { fifo_suspect_ = true; }
  /// Writes a line into faults.log beside the other logs, with the time as these have it: after a
  /// loss they are read side by side.
  void journal(const std::string& text) const;

  NetworkNamespace node_network;                     ///< Of the node under test.
  PrivateBus bus;                                    ///< Of the node under test.
  KeepalivedNode node;                               ///< The node under test.
  Plan plan;                                         ///< What it is to have from its next load on.
  std::vector<std::unique_ptr<Consumer>> consumers;  ///< The command and the file.

 private:
  void connect(const NetworkNamespace& network, const std::string& letter, std::size_t host) const;
  void load();

  NetworkNamespace neighbour_network_;
  NetworkNamespace bridges_;
  TemporaryDirectory files_;
  std::unique_ptr<Process> neighbour_;
  std::vector<std::unique_ptr<Process>> rivals_;
  std::array<std::array<bool, 2>, campaign_cables> cables_{};
  Life life_ = Life::stopped;
  Plan loaded_;
  std::set<std::string> names_;
  bool bus_up_ = true;
  bool on_bus_ = false;
  bool fifo_suspect_ = false;
  bool rival_may_be_left_ = false;
};

}  // namespace batch_notifier::tests
