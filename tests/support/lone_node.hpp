// SPDX-License-Identifier: MIT
/// @file
/// What whole-system tests wait for and check each time: that both consumers of a node have been
/// told certain states, with every promise
/// kept on the way there. What is not so is thrown as std::runtime_error, with the logs.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>  // IWYU pragma: export

#include "tests/support/cluster.hpp"
#include "tests/support/keepalived_node.hpp"
#include "tests/support/private_bus.hpp"

namespace batch_notifier::tests {

/// Settings that let a change be told soon.
inline constexpr const char* quick_settings =
    "@batch_notifier batch_interval 0.1\n@batch_notifier master_hold 0.2\n";

/// Waits until both consumers know exactly these instances in these states, and checks every
/// promise.
void expect_states(const KeepalivedNode& node, const std::map<std::string, std::string>& states);

/// The same for instances VI_0 …
void expect_each(const KeepalivedNode& node, const std::vector<std::string>& states);

/// Waits until both consumers' newest entry of an instance has this value in this field.
void expect_field(const KeepalivedNode& node, const std::string& instance, const std::string& field,
                  const nlohmann::json& value);

/// Waits until another worker than `former` holds the state directory.
void expect_another_holder(const KeepalivedNode& node, const std::string& former);

/// Waits until it is on the ledger that everybody knows everything. A kill before that may cost a
/// repeated delivery: at least once is the promise.
void expect_acknowledged(const KeepalivedNode& node);

/// Whether a batch at or after position `first` has a change of this field to this value.
bool ever_told(const KeepalivedNode& node, std::size_t first, const std::string& field,
               const nlohmann::json& value);

/// Waits until the plugin's processes have ended.
void expect_no_plugin(const KeepalivedNode& node);

/// A node of a few instances VI_0 … that are alone on their network, and so become MASTER.
struct LoneNode {
  /// Starts it and waits for that.
  explicit LoneNode(std::size_t instances);
  /// Writes its configuration, but starts nothing.
  LoneNode(std::size_t instances, NodeSetup setup, const std::string& more = "");

  /// Starts keepalived and waits until every instance is told as MASTER.
  void start();
  /// keepalived.conf behind its global_defs, for a node of so many instances.
  [[nodiscard]] static std::string configuration(std::size_t instances);
  /// expect_each() of the node.
  void expect(const std::vector<std::string>& states) const { expect_each(node, states); }

  std::size_t count;      ///< How many instances there are.
  ManyInstances network;  ///< Where they are.
  PrivateBus bus;         ///< Theirs, unless `setup` says otherwise.
  KeepalivedNode node;    ///< keepalived and the plugin.
};

}  // namespace batch_notifier::tests
