// SPDX-License-Identifier: MIT
#include "core/vip_table.hpp"

namespace batch_notifier::core {

VipTable::VipTable(const Topology& topology) : instances_(topology.instances.size()) {
  for (InstanceIndex index = 0; index < instances_.size(); ++index) {
    const Instance& instance = topology.instances[index];
    instances_[index].ignored = instance.ignored;
    if (instance.ignored) {
      continue;
    }
    bool first = true;
    for (const VirtualAddress& vip : instance.vips) {
      const InterfaceId interface =
          interfaces_.try_emplace(vip.interface, interfaces_.size()).first->second;
      vips_[{vip.address, interface}].uses.push_back({index, first && !vip.excluded});
      first = first && vip.excluded;
    }
  }
}

void VipTable::begin_dump() {
  dumping_ = true;
  for (auto& [ifindex, link] : links_) {
    link.mark = Mark::nobody;
    for (auto& [key, address] : link.addresses) {
      address.mark = Mark::nobody;
    }
  }
}

void VipTable::end_dump() {
  dumping_ = false;
  for (auto link = links_.begin(); link != links_.end();) {
    sweep(link->second);
    link = is_empty(link->second) ? links_.erase(link) : std::next(link);
  }
}

void VipTable::sweep(Link& link) {
  if (link.mark == Mark::nobody) {
    rename(link, std::nullopt, Origin::dump);
  }
  for (auto entry = link.addresses.begin(); entry != link.addresses.end();) {
    auto& [key, address] = *entry;
    if (address.present && address.mark == Mark::nobody) {
      address.present = false;
      count(link, key.address, false, Origin::dump);
    }
    entry = address.present ? std::next(entry) : link.addresses.erase(entry);
  }
}

void VipTable::apply(const LinkEvent& event, Origin origin) {
  const auto named = interfaces_.find(event.name);
  const bool wanted = event.present && named != interfaces_.end();
  // During a dump also what is not wanted leaves a mark, so that an older reply is not believed.
  if (!wanted && !dumping_ && links_.count(event.ifindex) == 0) {
    return;
  }
  const auto entry = links_.try_emplace(event.ifindex).first;
  Link& link = entry->second;
  if (!outranks(origin, link.mark)) {
    return;
  }
  rename(link, wanted ? std::optional(named->second) : std::nullopt, origin);
  if (!event.present) {
    // The kernel has said so of each address already; its index may be given to another link.
    for (auto& [key, address] : link.addresses) {
      address = {false, link.mark};
    }
  }
  if (!dumping_ && (!event.present || is_empty(link))) {
    links_.erase(entry);
  }
}

void VipTable::apply(const AddressEvent& event, Origin origin) {
  if (!is_configured(event.address)) {
    return;
  }
  const auto link_entry = links_.try_emplace(event.ifindex).first;
  Link& link = link_entry->second;
  const AddressKey key = event.address.family == AddressFamily::ipv4
                             ? AddressKey{event.address, event.peer, event.prefix_length}
                             : AddressKey{event.address, {}, 0};
  const auto entry = link.addresses.try_emplace(key).first;
  KernelAddress& address = entry->second;
  if (outranks(origin, address.mark) && address.present != event.present) {
    address.present = event.present;
    count(link, event.address, event.present, origin);
  }
  if (!dumping_ && !address.present) {
    link.addresses.erase(entry);
    if (is_empty(link)) {
      links_.erase(link_entry);
    }
  }
}

bool VipTable::outranks(Origin origin, Mark& mark) {
  if (origin == Origin::dump && mark == Mark::notification) {
    return false;
  }
  mark = origin == Origin::dump ? Mark::dump : Mark::notification;
  return true;
}

bool VipTable::is_empty(const Link& link) {
  return !link.interface && link.addresses.empty();
}

bool VipTable::is_configured(const IpAddress& address) const {
  const auto found = vips_.lower_bound({address, 0});
  return found != vips_.end() && found->first.first == address;
}

void VipTable::rename(Link& link, std::optional<InterfaceId> interface, Origin origin) {
  if (link.interface == interface) {
    return;
  }
  for (const auto& [key, address] : link.addresses) {
    if (address.present) {
      count(link, key.address, false, origin);
    }
  }
  link.interface = interface;
  for (const auto& [key, address] : link.addresses) {
    if (address.present) {
      count(link, key.address, true, origin);
    }
  }
}

void VipTable::count(const Link& link, const IpAddress& address, bool present, Origin origin) {
  const auto found = link.interface ? vips_.find({address, *link.interface}) : vips_.end();
  if (found == vips_.end()) {
    return;
  }
  Vip& vip = found->second;
  const bool was_present = vip.holders > 0;
  vip.holders = present ? vip.holders + 1 : vip.holders - 1;
  if ((vip.holders > 0) == was_present) {
    return;
  }
  for (const Use& use : vip.uses) {
    Watched& instance = instances_[use.instance];
    instance.now.present = present ? instance.now.present + 1 : instance.now.present - 1;
    if (use.first) {
      instance.now.first_present = present;
    }
    instance.newest = origin;
    if (!instance.changed) {
      instance.changed = true;
      changed_.push_back(use.instance);
    }
  }
}

std::vector<VipsSeen> VipTable::take_changes() {
  std::vector<VipsSeen> seen;
  for (const InstanceIndex index : changed_) {
    Watched& instance = instances_[index];
    instance.changed = false;
    if (instance.now != instance.taken) {
      instance.taken = instance.now;
      seen.push_back({index, instance.now.present, instance.now.first_present,
                      instance.newest == Origin::dump});
    }
  }
  changed_.clear();
  return seen;
}

std::vector<VipsSeen> VipTable::take_all() {
  take_changes();
  std::vector<VipsSeen> seen;
  for (InstanceIndex index = 0; index < instances_.size(); ++index) {
    const Watched& instance = instances_[index];
    if (!instance.ignored) {
      seen.push_back({index, instance.now.present, instance.now.first_present, /*answered=*/true});
    }
  }
  return seen;
}

}  // namespace batch_notifier::core
