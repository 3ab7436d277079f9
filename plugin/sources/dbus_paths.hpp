// SPDX-License-Identifier: MIT
/// @file
/// Which object on D-Bus stands for which instance. keepalived builds the path from the interface,
/// the VRID and the family and does not announce it, so it is built here again from the
/// configuration.
///
/// The way there loses information: every character of the interface's name that is not a letter or
/// a digit becomes `_`, so `eth0.1` and `eth0_1` with one VRID share a path. keepalived registers
/// the first of them and signals for both. So D-Bus decides for neither. `net_namespace` and
/// `instance` are taken as they are; what D-Bus does not allow there makes every registration and
/// every signal of that keepalived fail.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/topology.hpp"

namespace batch_notifier::sources {

/// The object paths of one topology. A value; keeps no reference to the topology.
class DbusPaths {
 public:
  /// The instance that a path stands for.
  struct Owner {
    core::InstanceIndex instance = 0;  ///< The instance; the first of them if `ambiguous`.
    bool ambiguous = false;            ///< Several instances have this path.
  };

  /// Builds the paths of all instances, ignored ones too: keepalived signals for those as well.
  explicit DbusPaths(const core::Topology& topology);

  /// The path below which all instances are, e.g. "/org/keepalived/Vrrp1/Instance".
  [[nodiscard]] const std::string& prefix() const { return prefix_; }

  /// Whether D-Bus allows the paths at all. If not, no signal of this keepalived arrives.
  [[nodiscard]] bool valid() const { return valid_; }

  /// The path of an instance, as keepalived builds it. Throws std::out_of_range.
  [[nodiscard]] const std::string& path(core::InstanceIndex instance) const {
    return paths_.at(instance);
  }

  /// Whether D-Bus can decide for an instance: its path is allowed, and no other instance has it.
  [[nodiscard]] bool usable(core::InstanceIndex instance) const;

  /// The instance that a path stands for; nullptr if for none. Family "None", with which keepalived
  /// writes an instance before it has settled its family, stands for the one instance of that
  /// interface and VRID.
  [[nodiscard]] const Owner* find(std::string_view path) const;

 private:
  void add(const std::string& path, core::InstanceIndex instance);

  std::string prefix_;
  bool valid_ = false;
  std::vector<std::string> paths_;
  std::map<std::string, Owner, std::less<>> owners_;
};

}  // namespace batch_notifier::sources
