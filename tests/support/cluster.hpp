// SPDX-License-Identifier: MIT
/// @file
/// Networks for whole-system tests: nodes on a bridge, so that one cable can be pulled without the
/// other end noticing more than a missing neighbour; and a single node with very many instances.
#pragma once

#include <cstddef>
#include <string>

#include "tests/support/network_namespace.hpp"

namespace batch_notifier::tests {

/// Two nodes, "a" and "b", each with an eth0 on a common bridge.
class Pair {
 public:
  /// Makes the namespaces and the cables; eth0 gets 192.0.2.1 and 192.0.2.2.
  Pair();

  NetworkNamespace a;  ///< First node.
  NetworkNamespace b;  ///< Second node.

  /// Pulls node a's cable.
  void cut_a() const { bridge_.ip("link set port-a down"); }
  /// Puts it back.
  void heal_a() const { bridge_.ip("link set port-a up"); }
  /// The nodes no longer hear each other, though both links stay up.
  void part() const { isolate("on"); }
  /// They hear each other again.
  void join() const { isolate("off"); }

 private:
  void connect(const NetworkNamespace& node, const std::string& letter,
               const std::string& address) const;
  void isolate(const std::string& on) const {
    bridge_.ip("link set port-a type bridge_slave isolated " + on);
    bridge_.ip("link set port-b type bridge_slave isolated " + on);
  }

  NetworkNamespace bridge_;
};

/// One node with four cables and up to 255 instances on each.
class ManyInstances {
 public:
  /// How many cables there are.
  static constexpr std::size_t cables = 4;

  /// Makes the namespace with interfaces d0 to d3, all up.
  ManyInstances();

  NetworkNamespace node;  ///< Where they are.

  /// `count` vrrp_instance blocks, named VI_0 …, one VIP each, alone on their network. `advert_int`
  /// is in seconds: a third of what it takes to become MASTER, and a burden for many instances.
  [[nodiscard]] static std::string configuration(std::size_t count,
                                                 const std::string& advert_int = "1");
  /// All cables at once.
  void cut() const { set_cables("down"); }
  /// All cables at once.
  void heal() const { set_cables("up"); }

 private:
  void set_cables(const std::string& state) const;
};

}  // namespace batch_notifier::tests
