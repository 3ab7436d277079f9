// SPDX-License-Identifier: MIT
/// @file
/// The instances of a campaign: fifty on five cables, of every kind that makes a difference: IPv4
/// and IPv6, excluded VIPs, sync groups across cables, owners on either side. Which of them the
/// node under test has at a time, and under which names, is what a reload changes.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace batch_notifier::tests {

/// How many cables join the two nodes.
inline constexpr std::size_t campaign_cables = 5;
/// How many instances there are.
inline constexpr std::size_t campaign_instances = 50;

/// What the configuration of the node under test says at a time.
struct Plan {
  std::set<std::size_t> removed;  ///< Instances that are not configured.
  std::set<std::size_t> renamed;  ///< Instances that go by another name.
  bool unhurried = false;         ///< Whether batches have to be further apart.

  /// Name of an instance.
  [[nodiscard]] std::string name(std::size_t instance) const;
};

/// Whether a reload may remove or rename an instance: not one that a sync group names.
bool may_change(std::size_t instance);
/// Interface of an instance.
std::string interface_of(std::size_t instance);
/// All VIPs of an instance, the one that is tracked first.
std::vector<std::string> vips_of(std::size_t instance);
/// keepalived.conf of the node under test, without global_defs.
std::string node_configuration(const Plan& plan);
/// keepalived.conf of its neighbour, which has every instance at all times.
std::string neighbour_configuration();

}  // namespace batch_notifier::tests
