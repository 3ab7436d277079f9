// SPDX-License-Identifier: MIT
#include "tests/campaign/plan.hpp"

#include <sstream>

namespace batch_notifier::tests {

namespace {

constexpr std::size_t grouped = 8;
constexpr unsigned neighbour_priority = 100;

bool is_ipv6(std::size_t instance) {
  return instance % 10 == 7;
}

// Half of the instances are at home here, the others at the neighbour's.
unsigned priority_of(std::size_t instance) {
  return instance % 2 == 0 ? neighbour_priority + 50 : neighbour_priority - 50;
}

std::string number(std::size_t value) {
  return std::to_string(value);
}

// Neighbours in number are on different cables, so one cable takes whole groups with it.
void write_groups(std::ostream& text) {
  for (std::size_t parity = 0; parity < 2; ++parity) {
    text << "vrrp_sync_group G" << parity << " {\n    group {\n";
    for (std::size_t instance = parity; instance < grouped; instance += 2) {
      text << "        " << Plan().name(instance) << "\n";
    }
    text << "    }\n}\n";
  }
}

void write_instance(std::ostream& text, std::size_t instance, const std::string& name,
                    unsigned priority) {
  const std::vector<std::string> vips = vips_of(instance);
  text << "vrrp_instance " << name << " {\n    interface " << interface_of(instance)
       << "\n    virtual_router_id " << instance / campaign_cables + 1 << "\n    priority "
       << priority << "\n    advert_int 0.2\n    virtual_ipaddress {\n        " << vips.front()
       << "\n    }\n";
  if (vips.size() > 1) {
    text << "    virtual_ipaddress_excluded {\n        " << vips.back() << "\n    }\n";
  }
  text << "}\n";
}

}  // namespace

std::string Plan::name(std::size_t instance) const {
  return "VI_" + number(instance) + (renamed.count(instance) != 0 ? "_renamed" : "");
}

bool may_change(std::size_t instance) {
  return instance >= grouped;
}

std::string interface_of(std::size_t instance) {
  return "eth" + number(instance % campaign_cables);
}

std::vector<std::string> vips_of(std::size_t instance) {
  const std::string cable = number(instance % campaign_cables);
  const std::string router = number(instance / campaign_cables + 1);
  if (is_ipv6(instance)) {
    // A link-local one first, as VRRP for IPv6 has it (RFC 5798, section 5.1.2.1).
    return {"fe80::" + cable + ":" + router, "fd00:" + cable + "::" + router};
  }
  std::vector<std::string> vips{"10." + cable + ".1." + router};
  if (instance % 3 == 0) {
    vips.push_back("10." + cable + ".2." + router);
  }
  return vips;
}

std::string node_configuration(const Plan& plan) {
  std::ostringstream text;
  write_groups(text);
  for (std::size_t instance = 0; instance < campaign_instances; ++instance) {
    if (plan.removed.count(instance) == 0) {
      write_instance(text, instance, plan.name(instance), priority_of(instance));
    }
  }
  text << "@batch_notifier batch_wait 0.05\n@batch_notifier batch_interval "
       << (plan.unhurried ? "0.3" : "0.1")
       << "\n@batch_notifier master_hold 0.05\n@batch_notifier health_wait 0.3\n";
  return text.str();
}

std::string neighbour_configuration() {
  std::ostringstream text;
  text << "global_defs {\n    vrrp_version 3\n}\n";
  write_groups(text);
  for (std::size_t instance = 0; instance < campaign_instances; ++instance) {
    write_instance(text, instance, Plan().name(instance), neighbour_priority);
  }
  return text.str();
}

}  // namespace batch_notifier::tests
