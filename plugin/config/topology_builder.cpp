// SPDX-License-Identifier: MIT
#include "config/topology_builder.hpp"

#include <chrono>
#include <optional>
#include <unordered_map>
#include <utility>

#include <net/if.h>

namespace batch_notifier::config {

namespace {

constexpr std::uint8_t address_owner = 255;
constexpr std::uint8_t default_priority = 100;

// "<prefix><number>.<vrid>", with the prefix cut so that it fits into an interface name.
std::string vmac_name(const std::string& prefix, unsigned number, std::uint8_t vrid) {
  const std::string end = (number == 0 ? "" : std::to_string(number)) + "." + std::to_string(vrid);
  return prefix.substr(0, IFNAMSIZ - 1 - end.size()) + end;
}

// IPv4: none, 1, 2, 3 …; IPv6: none, 6, 1, 2 … without the second 6.
unsigned number_after(unsigned number, core::AddressFamily family) {
  if (family == core::AddressFamily::ipv4) {
    return number + 1;
  }
  if (number == 0) {
    return 6;
  }
  return number == 6 ? 1 : number + (number == 5 ? 2 : 1);
}

// What the protocol can carry: whole seconds in version 2; hundredths up to 40.95 s in version 3.
core::Duration round_advert(core::Duration time, unsigned version) {
  const core::Duration unit =
      version == 2 ? core::Duration(std::chrono::seconds(1)) : std::chrono::milliseconds(10);
  const core::Duration longest =
      version == 2 ? core::Duration(std::chrono::seconds(255)) : 4095 * unit;
  const core::Duration rounded = (time + unit / 2) / unit * unit;
  return std::min(std::max(rounded, unit), longest);
}

using Seen = std::set<std::pair<core::IpAddress, std::string>>;

void place_address(const InstanceDraft& draft, const std::string& vmac, AddressDraft& address,
                   VmacNames& names) {
  const core::Instance& instance = draft.instance;
  std::string& interface = address.address.interface;
  const core::AddressFamily family = address.address.address.family;
  const bool on_base = interface.empty() || interface == instance.interface;
  const bool same_family = family == instance.family;
  if (on_base && same_family && !vmac.empty()) {
    interface = vmac;
    return;
  }
  if (on_base) {
    interface = instance.interface;
  }
  const bool by_instance = draft.use_vmac_addr && (!on_base || !same_family);
  if ((address.use_vmac || by_instance) && !interface.empty()) {
    interface = names.of_address(instance.vrid, family, interface);
  }
}

core::Instance build_instance(InstanceDraft draft, const InstanceDefaults& defaults,
                              VmacNames& names) {
  core::Instance& instance = draft.instance;
  instance.family = draft.family.value_or(core::AddressFamily::ipv4);
  instance.priority =
      draft.priority.value_or(draft.starts_as_master ? address_owner : default_priority);
  unsigned version = draft.version;
  if (version == 0) {
    version = instance.family == core::AddressFamily::ipv6 ? 3 : defaults.version;
  }
  instance.advert_interval = round_advert(instance.advert_interval, version);

  std::string vmac;
  if (draft.use_vmac && !instance.interface.empty()) {
    vmac = names.of_instance(draft.vmac_name, instance.vrid, instance.family, instance.interface);
  }
  Seen seen;
  for (std::vector<AddressDraft>* addresses : {&draft.vips, &draft.excluded}) {
    for (AddressDraft& address : *addresses) {
      place_address(draft, vmac, address, names);
      if (seen.emplace(address.address.address, address.address.interface).second) {
        instance.vips.push_back(std::move(address.address));
      }
    }
  }
  return std::move(draft.instance);
}

void join_groups(std::vector<InstanceDraft>& drafts, const std::vector<SyncGroupDraft>& groups,
                 Problems& problems) {
  std::unordered_map<std::string, core::Instance*> by_name;
  for (InstanceDraft& draft : drafts) {
    by_name.emplace(draft.instance.name, &draft.instance);
  }
  for (const SyncGroupDraft& group : groups) {
    for (const std::string& member : group.members) {
      const auto found = by_name.find(member);
      if (found == by_name.end()) {
        problems.add(group.location, "sync group " + shown(group.name) + " names " + shown(member) +
                                         ", which is no instance");
      } else if (!found->second->sync_group.empty()) {
        problems.add(group.location, shown(member) + " is in sync group " +
                                         shown(found->second->sync_group) + " already and not in " +
                                         shown(group.name));
      } else {
        found->second->sync_group = group.name;
      }
    }
  }
}

}  // namespace

std::string VmacNames::of_instance(const std::string& name, std::uint8_t vrid,
                                   core::AddressFamily family, const std::string& base) {
  return find_or_add(vrid, family, base, name, defaults_.vmac_prefix);
}

std::string VmacNames::of_address(std::uint8_t vrid, core::AddressFamily family,
                                  const std::string& base) {
  const bool own_prefix = !defaults_.vmac_addr_prefix.empty();
  return find_or_add(vrid, family, base, {},
                     own_prefix ? defaults_.vmac_addr_prefix : defaults_.vmac_prefix);
}

// keepalived takes an interface that fits, even if it was to have another name.
std::string VmacNames::find_or_add(std::uint8_t vrid, core::AddressFamily family,
                                   const std::string& base, const std::string& name,
                                   const std::string& prefix) {
  const Key key(vrid, family, base);
  const auto known = known_.find(key);
  if (known != known_.end()) {
    return known->second;
  }
  std::string vmac = name.empty() ? make(prefix.empty() ? "vrrp" : prefix, vrid, family) : name;
  known_.emplace(key, vmac);
  return vmac;
}

// Names are never given back, so the search goes on where the last one for this prefix ended.
std::string VmacNames::make(const std::string& prefix, std::uint8_t vrid,
                            core::AddressFamily family) {
  unsigned& number = next_number_[Key(vrid, family, prefix)];
  std::string name = vmac_name(prefix, number, vrid);
  while (!used_.insert(name).second) {
    number = number_after(number, family);
    name = vmac_name(prefix, number, vrid);
  }
  return name;
}

std::vector<core::Instance> build_instances(std::vector<InstanceDraft> drafts,
                                            const std::vector<SyncGroupDraft>& groups,
                                            const InstanceDefaults& defaults, Problems& problems) {
  VmacNames names(defaults);
  for (InstanceDraft& draft : drafts) {
    if (draft.instance.vrid == 0) {
      problems.add(
          draft.instance.location,
          draft.instance.name + ": no valid virtual_router_id; keepalived will not run it");
    }
    if (!draft.vmac_name.empty() && !names.reserve(draft.vmac_name)) {
      draft.vmac_name.clear();
    }
  }
  join_groups(drafts, groups, problems);
  std::vector<core::Instance> instances;
  instances.reserve(drafts.size());
  for (InstanceDraft& draft : drafts) {
    instances.push_back(build_instance(std::move(draft), defaults, names));
  }
  return instances;
}

}  // namespace batch_notifier::config
