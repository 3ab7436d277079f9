// SPDX-License-Identifier: MIT
/// @file
/// From drafts to what keepalived runs. Names of VMACs, places of addresses, sync groups and
/// defaults depend on lines that may come later, so keepalived settles them at the end of the file,
/// in the order of the instances; so does this.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "config/instance_block.hpp"
#include "config/problem.hpp"
#include "core/topology.hpp"

namespace batch_notifier::config {

/// What global_defs says that instances depend on.
struct InstanceDefaults {
  unsigned version = 2;          ///< `vrrp_version`.
  std::string vmac_prefix;       ///< `vmac_prefix`; empty for "vrrp".
  std::string vmac_addr_prefix;  ///< `vmac_addr_prefix`; empty for vmac_prefix.
};

/// One `vrrp_sync_group` block.
struct SyncGroupDraft {
  std::string name;                  ///< As in keepalived.conf, unique there.
  std::vector<std::string> members;  ///< Names of instances.
  core::SourceLocation location;     ///< Where the block begins.
};

/// Finds the names of VMAC interfaces as keepalived does on a machine that has none yet.
class VmacNames {
 public:
  /// No name is taken yet.
  explicit VmacNames(InstanceDefaults defaults) : defaults_(std::move(defaults)) {}

  /// Takes a name from the configuration; false if another instance has it.
  bool reserve(const std::string& name) { return used_.insert(name).second; }

  /// The VMAC of an instance: one that is there for the same VRID, family and base, else `name` if
  /// not empty, else "vrrp." with the VRID, or the next free name.
  std::string of_instance(const std::string& name, std::uint8_t vrid, core::AddressFamily family,
                          const std::string& base);

  /// The VMAC of an address on `base`, which addresses of the same VRID and family share.
  std::string of_address(std::uint8_t vrid, core::AddressFamily family, const std::string& base);

 private:
  using Key = std::tuple<std::uint8_t, core::AddressFamily, std::string>;

  std::string find_or_add(std::uint8_t vrid, core::AddressFamily family, const std::string& base,
                          const std::string& name, const std::string& prefix);
  std::string make(const std::string& prefix, std::uint8_t vrid, core::AddressFamily family);

  InstanceDefaults defaults_;
  std::set<std::string> used_;
  std::map<Key, std::string> known_;
  std::map<Key, unsigned> next_number_;
};

/// Settles all drafts. Labels are the caller's part.
std::vector<core::Instance> build_instances(std::vector<InstanceDraft> drafts,
                                            const std::vector<SyncGroupDraft>& groups,
                                            const InstanceDefaults& defaults, Problems& problems);

}  // namespace batch_notifier::config
