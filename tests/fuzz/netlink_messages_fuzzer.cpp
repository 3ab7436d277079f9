// SPDX-License-Identifier: MIT
/// @file
/// What a netlink socket delivers, arbitrary bytes, up to the table of VIPs. An input is one
/// datagram of any number of messages; NLM_F_MULTI makes a message part of a dump, NLMSG_NOOP
/// begins one and NLMSG_DONE ends it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <linux/netlink.h>
#include <netlink/msg.h>

#include "core/observation.hpp"
#include "core/topology.hpp"
#include "core/vip_table.hpp"
#include "sources/netlink_messages.hpp"
#include "tests/fuzz/finding.hpp"

namespace batch_notifier::fuzz {

namespace {

/// 10.0.0.1 and fe80::1 on eth0, 10.0.0.2 and again 10.0.0.1 on eth1: addresses that the seeds
/// have.
core::Topology make_topology() {
  core::VirtualAddress first;
  first.address.bytes = {10, 0, 0, 1};
  first.interface = "eth0";
  core::VirtualAddress second = first;
  second.address = {core::AddressFamily::ipv6,
                    {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  core::VirtualAddress third = first;
  third.address.bytes[3] = 2;
  third.interface = "eth1";
  core::VirtualAddress moved = first;
  moved.interface = "eth1";
  core::Topology topology;
  for (const auto& vips : {std::vector{first, second}, {third, moved}, {first}}) {
    topology.instances.emplace_back();
    topology.instances.back().vips = vips;
  }
  return topology;
}

/// Holds what the table says of changes against what it says of everything.
class Watcher {
 public:
  explicit Watcher(const core::Topology& topology) : topology_(topology), table_(topology) {}

  void take(nlmsghdr* message) {
    if (sources::apply_event(message, table_)) {
      note_changes();
    } else if (message->nlmsg_type == NLMSG_NOOP) {
      table_.begin_dump();
    } else if (message->nlmsg_type == NLMSG_DONE) {
      table_.end_dump();
    }
    require(sources::parse_error(message) >= 0, "an error is a positive number");
    note_changes();
  }

  void check_all() {
    for (const core::VipsSeen& seen : table_.take_all()) {
      require(seen.present == present_[seen.instance], "every change is reported");
    }
    require(table_.take_changes().empty(), "what was taken is not reported again");
  }

  /// An empty dump must leave nothing behind.
  void check_forgets() {
    table_.begin_dump();
    table_.end_dump();
    for (const core::VipsSeen& seen : table_.take_all()) {
      require(seen.present == 0 && !seen.first_present, "what no dump lists is gone");
    }
  }

 private:
  void note_changes() {
    for (const core::VipsSeen& seen : table_.take_changes()) {
      const std::size_t vips = topology_.instances.at(seen.instance).vips.size();
      require(seen.present <= vips, "no more VIPs are present than there are");
      require(!seen.first_present || seen.present > 0, "the first VIP is one of those present");
      present_[seen.instance] = seen.present;
    }
  }

  const core::Topology& topology_;
  core::VipTable table_;
  std::map<core::InstanceIndex, std::uint32_t> present_;
};

}  // namespace

}  // namespace batch_notifier::fuzz

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace batch_notifier;
  static const core::Topology topology = fuzz::make_topology();
  fuzz::Watcher watcher(topology);
  std::vector<std::uint8_t> datagram(data, data + size);
  int left = static_cast<int>(datagram.size());
  for (auto* message = reinterpret_cast<nlmsghdr*>(datagram.data()); nlmsg_ok(message, left) != 0;
       message = nlmsg_next(message, &left)) {
    watcher.take(message);
  }
  watcher.check_all();
  watcher.check_forgets();
  return 0;
}
