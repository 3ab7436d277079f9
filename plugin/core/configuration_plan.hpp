// SPDX-License-Identifier: MIT
/// @file
/// What a new configuration means for the rows that are there: starting from a ledger, a reload and
/// the coming and going of a fleet are all this one comparison. keepalived matches instances over a
/// reload by interface, VRID and family and not by name, and reports nothing when only the name
/// changes; so a new name with an old virtual router inherits what is known of it.
#pragma once

#include <optional>
#include <vector>

#include "core/registry.hpp"
#include "core/topology.hpp"

namespace batch_notifier::core {

/// The outcome of the comparison.
struct ConfigurationPlan {
  /// Where an instance of the configuration comes from.
  struct Origin {
    std::optional<InstanceId> row;        ///< The row that has its name already.
    std::optional<InstanceId> inherited;  ///< The row that was the same virtual router.
  };
  std::vector<Origin> origins;      ///< By InstanceIndex.
  std::vector<InstanceId> removed;  ///< Rows that the configuration does not have, in row order.
};

/// Compares the rows of `keepalived` with its configuration. `rows` are those of this keepalived,
/// removed ones too. Takes time in proportion to both.
ConfigurationPlan plan_configuration(const Registry& registry, KeepalivedId keepalived,
                                     const std::vector<InstanceId>& rows, const Topology& topology);

}  // namespace batch_notifier::core
