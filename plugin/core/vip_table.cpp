// SPDX-License-Identifier: MIT
#include "core/vip_table.hpp"

#include <algorithm>
#include <iterator>

namespace batch_notifier::core {

VipTable::VipTable(const Topology& topology) : instances_(topology.instances.size()) {
  for (InstanceIndex index = 0; index < instances_.size(); ++index) {
    instances_[index].ignored = topology.instances[index].ignored;
    if (!instances_[index].ignored) {
      watch(index, topology.instances[index]);
    }
  }
}

void VipTable::watch(InstanceIndex index, const Instance& instance) {
  Watched& watched = instances_[index];
  if (!instance.interface.empty()) {
    watched.interface = intern(instance.interface);
    if (instance.tracks_interface) {
      watched.needed.push_back(*watched.interface);
    }
  }
  bool first = true;
  for (const VirtualAddress& vip : instance.vips) {
    const InterfaceId interface = intern(vip.interface);
    vips_[{vip.address, interface}].uses.push_back({index, first && !vip.excluded});
    first = first && vip.excluded;
    const bool known =
        std::find(watched.needed.begin(), watched.needed.end(), interface) != watched.needed.end();
    if (!known && (instance.tracks_interface || interface != watched.interface)) {
      watched.needed.push_back(interface);
    }
  }
  for (const InterfaceId interface : watched.needed) {
    interfaces_[interface].users.push_back(index);
  }
  if (watched.interface && !instance.tracks_interface) {
    interfaces_[*watched.interface].users.push_back(index);
  }
  look_at_links(watched);
  watched.taken = watched.now;
}

VipTable::InterfaceId VipTable::intern(const std::string& name) {
  const auto [entry, is_new] = names_.try_emplace(name, interfaces_.size());
  if (is_new) {
    interfaces_.emplace_back();
  }
  return entry->second;
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
    change(link, std::nullopt, false, Origin::dump);
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
  const auto named = names_.find(event.name);
  const bool wanted = event.present && named != names_.end();
  // During a dump links and addresses that are not configured are marked too, so that an older
  // reply does not count.
  if (!wanted && !dumping_ && links_.count(event.ifindex) == 0) {
    return;
  }
  const auto entry = links_.try_emplace(event.ifindex).first;
  Link& link = entry->second;
  if (!outranks(origin, link.mark)) {
    return;
  }
  change(link, wanted ? std::optional(named->second) : std::nullopt, wanted && event.running,
         origin);
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

// The link has another name or another state than before.
void VipTable::change(Link& link, std::optional<InterfaceId> interface, bool running,
                      Origin origin) {
  if (link.interface == interface && link.running == running) {
    return;
  }
  const bool renamed = link.interface != interface;
  drop_link(link, origin);
  for (const auto& [key, address] : link.addresses) {
    if (renamed && address.present) {
      count(link, key.address, false, origin);
    }
  }
  link.interface = interface;
  link.running = running;
  add_link(link, origin);
  for (const auto& [key, address] : link.addresses) {
    if (renamed && address.present) {
      count(link, key.address, true, origin);
    }
  }
}

void VipTable::add_link(const Link& link, Origin origin) {
  if (link.interface) {
    Interface& interface = interfaces_[*link.interface];
    ++interface.links;
    interface.running += link.running ? 1 : 0;
    refresh(*link.interface, origin);
  }
}

void VipTable::drop_link(const Link& link, Origin origin) {
  if (link.interface) {
    Interface& interface = interfaces_[*link.interface];
    --interface.links;
    interface.running -= link.running ? 1 : 0;
    refresh(*link.interface, origin);
  }
}

void VipTable::refresh(InterfaceId interface, Origin origin) {
  for (const InstanceIndex index : interfaces_[interface].users) {
    look_at_links(instances_[index]);
    mark_changed(index, origin);
  }
}

void VipTable::look_at_links(Watched& instance) const {
  const auto is_up = [this](InterfaceId id) { return interfaces_[id].state() == LinkState::up; };
  if (instance.interface) {
    instance.now.link = interfaces_[*instance.interface].state();
  }
  instance.now.link_down = !std::all_of(instance.needed.begin(), instance.needed.end(), is_up);
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
    mark_changed(use.instance, origin);
  }
}

void VipTable::mark_changed(InstanceIndex index, Origin origin) {
  Watched& instance = instances_[index];
  instance.newest = origin;
  if (!instance.changed) {
    instance.changed = true;
    changed_.push_back(index);
  }
}

VipsSeen VipTable::seen(InstanceIndex index, bool answered) const {
  const Picture& now = instances_[index].now;
  return {index, now.present, now.first_present, answered, now.link, now.link_down};
}

std::vector<VipsSeen> VipTable::take_changes() {
  std::vector<VipsSeen> changes;
  for (const InstanceIndex index : changed_) {
    Watched& instance = instances_[index];
    instance.changed = false;
    if (instance.now != instance.taken) {
      instance.taken = instance.now;
      changes.push_back(seen(index, instance.newest == Origin::dump));
    }
  }
  changed_.clear();
  return changes;
}

std::vector<VipsSeen> VipTable::take_all() {
  take_changes();
  std::vector<VipsSeen> all;
  for (InstanceIndex index = 0; index < instances_.size(); ++index) {
    if (!instances_[index].ignored) {
      all.push_back(seen(index, /*answered=*/true));
    }
  }
  return all;
}

}  // namespace batch_notifier::core
