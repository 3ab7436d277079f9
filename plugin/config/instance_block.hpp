// SPDX-License-Identifier: MIT
/// @file
/// One `vrrp_instance` block. What keepalived decides only when it has read everything (where an
/// address goes, which default applies) stays open here, in the draft, and is settled by
/// topology_builder.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/block_reader.hpp"
#include "config/problem.hpp"
#include "core/topology.hpp"

namespace batch_notifier::config {

/// An address as configured.
struct AddressDraft {
  core::VirtualAddress address;  ///< `interface` is the `dev` given, if any.
  bool use_vmac = false;         ///< `use_vmac` of the address: a VMAC of its own.
};

/// An instance as configured.
struct InstanceDraft {
  core::Instance instance;                    ///< Without VIPs; labels are the instance's own.
  std::optional<core::AddressFamily> family;  ///< Set by the first line that implies one.
  std::optional<std::uint8_t> priority;       ///< `priority`, if valid.
  bool starts_as_master = false;              ///< `state MASTER`: without a priority, 255.
  unsigned version = 0;                       ///< `version`, 2 or 3; 0 if not given.
  bool unicast = false;                       ///< A keyword of unicast was given.
  bool use_vmac = false;                      ///< `use_vmac`.
  bool use_vmac_addr = false;                 ///< `use_vmac_addr`: VMACs for foreign addresses.
  std::string vmac_name;                      ///< Name given to `use_vmac`.
  std::vector<AddressDraft> vips;             ///< `virtual_ipaddress`.
  std::vector<AddressDraft> excluded;         ///< `virtual_ipaddress_excluded`.
};

/// Reads the statements of one block.
class InstanceBlock {
 public:
  /// All must outlive this; `draft` has its name and location.
  InstanceBlock(BlockReader& blocks, Problems& problems, InstanceDraft& draft)
      : blocks_(blocks), problems_(problems), draft_(draft) {}

  /// Takes one statement.
  void read(const Statement& statement);

 private:
  using Reader = void (InstanceBlock::*)(const Statement& statement);
  struct Keyword;

  void read_interface(const Statement& statement);
  void read_router_id(const Statement& statement);
  void read_priority(const Statement& statement);
  void read_advert_interval(const Statement& statement);
  void read_state(const Statement& statement);
  void read_version(const Statement& statement);
  void read_dont_track_primary(const Statement& statement);
  void read_native_ipv6(const Statement& statement);
  void read_use_vmac(const Statement& statement);
  void read_use_vmac_addr(const Statement& statement);
  void read_source_address(const Statement& statement);
  void read_unicast_source(const Statement& statement);
  void read_unicast_peers(const Statement& statement);
  void read_addresses(const Statement& statement);
  void read_excluded_addresses(const Statement& statement);
  std::optional<AddressDraft> read_address(const Statement& statement);
  void imply_family(const std::string& word);
  void complain(const Statement& statement, const std::string& message);

  BlockReader& blocks_;
  Problems& problems_;
  InstanceDraft& draft_;
};

}  // namespace batch_notifier::config
