// SPDX-License-Identifier: MIT
#include "core/configuration_plan.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace batch_notifier::core {

namespace {

/// What makes two instances the same virtual router to keepalived.
struct VirtualRouter {
  std::string_view interface;
  std::uint8_t vrid;
  AddressFamily family;

  bool operator==(const VirtualRouter&) const = default;
};

struct VirtualRouterHash {
  std::size_t operator()(const VirtualRouter& router) const {
    const std::size_t number =
        std::size_t{router.vrid} * 2 + static_cast<std::size_t>(router.family);
    return std::hash<std::string_view>()(router.interface) ^ (number * 0x9e3779b1U);
  }
};

VirtualRouter router_of(const Instance& instance) {
  return {instance.interface, instance.vrid, instance.family};
}

}  // namespace

ConfigurationPlan plan_configuration(const Registry& registry, KeepalivedId keepalived,
                                     const std::vector<InstanceId>& rows,
                                     const Topology& topology) {
  ConfigurationPlan plan;
  std::vector<InstanceId> kept;
  for (const Instance& instance : topology.instances) {
    ConfigurationPlan::Origin& origin = plan.origins.emplace_back();
    origin.row = registry.find(keepalived, instance.name);
    if (origin.row) {
      kept.push_back(*origin.row);
    }
  }
  std::sort(kept.begin(), kept.end());
  std::unordered_map<VirtualRouter, InstanceId, VirtualRouterHash> routers;
  for (const InstanceId id : rows) {
    if (std::binary_search(kept.begin(), kept.end(), id)) {
      continue;
    }
    plan.removed.push_back(id);
    if (is_running(registry[id].status.state)) {
      routers.emplace(router_of(registry[id].configured), id);
    }
  }
  for (InstanceIndex index = 0; index < topology.instances.size(); ++index) {
    ConfigurationPlan::Origin& origin = plan.origins[index];
    const bool is_new = !origin.row || registry[*origin.row].status.state == VrrpState::deleted;
    const auto same = is_new ? routers.find(router_of(topology.instances[index])) : routers.end();
    if (same != routers.end()) {
      origin.inherited = same->second;
    }
  }
  return plan;
}

}  // namespace batch_notifier::core
