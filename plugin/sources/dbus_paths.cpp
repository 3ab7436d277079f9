// SPDX-License-Identifier: MIT
#include "sources/dbus_paths.hpp"

#include <algorithm>
#include <functional>

#include <dbus/dbus.h>

namespace batch_notifier::sources {

namespace {

constexpr std::string_view object_root = "/org/keepalived/Vrrp1";

bool is_ascii_alphanumeric(char character) {
  return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
         (character >= 'a' && character <= 'z');
}

std::string mangled(std::string name) {
  std::replace_if(name.begin(), name.end(), std::not_fn(is_ascii_alphanumeric), '_');
  return name;
}

}  // namespace

DbusPaths::DbusPaths(const core::Topology& topology) : prefix_(object_root) {
  for (const std::string& part : {topology.net_namespace, topology.instance_name}) {
    if (!part.empty()) {
      prefix_ += '/' + part;
    }
  }
  prefix_ += "/Instance";
  valid_ = dbus_validate_path(prefix_.c_str(), nullptr) != 0;
  paths_.reserve(topology.instances.size());
  for (const core::Instance& instance : topology.instances) {
    const std::string& interface =
        instance.interface.empty() ? topology.dbus_no_interface_name : instance.interface;
    const std::string object =
        prefix_ + '/' + mangled(interface) + '/' + std::to_string(instance.vrid) + '/';
    const core::InstanceIndex index = paths_.size();
    paths_.push_back(object + std::string(to_string(instance.family)));
    add(paths_.back(), index);
    add(object + "None", index);
  }
}

void DbusPaths::add(const std::string& path, core::InstanceIndex instance) {
  const auto [place, added] = owners_.try_emplace(path, Owner{instance, false});
  if (!added) {
    place->second.ambiguous = true;
  }
}

bool DbusPaths::usable(core::InstanceIndex instance) const {
  const Owner* owner = find(path(instance));
  return owner != nullptr && !owner->ambiguous &&
         dbus_validate_path(path(instance).c_str(), nullptr) != 0;
}

const DbusPaths::Owner* DbusPaths::find(std::string_view path) const {
  const auto found = owners_.find(path);
  return found == owners_.end() ? nullptr : &found->second;
}

}  // namespace batch_notifier::sources
