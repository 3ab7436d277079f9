// SPDX-License-Identifier: MIT
/// @file
/// A NetlinkSource with everything around it recorded, in a network of its own, and its loop turned
/// by the test.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <sys/socket.h>

#include "sources/netlink_source.hpp"
#include "tests/support/network_namespace.hpp"
#include "tests/support/recording_log.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

/// A VIP on an interface.
inline core::VirtualAddress make_vip(const std::string& text, const std::string& interface) {
  core::VirtualAddress made;
  const bool is_ipv6 = text.find(':') != std::string::npos;
  made.address.family = is_ipv6 ? core::AddressFamily::ipv6 : core::AddressFamily::ipv4;
  inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text.c_str(), made.address.bytes.data());
  made.interface = interface;
  return made;
}

/// One instance for each entry, with these VIPs.
inline core::Topology make_topology(
    const std::vector<std::vector<core::VirtualAddress>>& instances) {
  core::Topology made;
  for (const auto& vips : instances) {
    core::Instance instance;
    instance.name = "VI_" + std::to_string(made.instances.size());
    instance.vips = vips;
    made.instances.push_back(instance);
  }
  return made;
}

/// Remembers the newest of each instance, and the order of everything.
class VipRecorder final : public core::ObservationSink {
 public:
  void observe(const core::Observation& observation) override {
    if (const auto* vips = std::get_if<core::VipsSeen>(&observation)) {
      present[vips->instance] = vips->present;
      first[vips->instance] = vips->first_present;
      answered[vips->instance] = vips->answered;
      story += "v" + std::to_string(vips->instance) + " ";
    } else if (std::holds_alternative<core::KernelReadComplete>(observation)) {
      ++reads;
      story += "complete ";
    } else if (std::holds_alternative<core::KernelLost>(observation)) {
      story += "lost ";
    }
  }

  std::map<core::InstanceIndex, std::uint32_t> present;  ///< VipsSeen::present, the newest.
  std::map<core::InstanceIndex, bool> first;             ///< VipsSeen::first_present, the newest.
  std::map<core::InstanceIndex, bool> answered;          ///< VipsSeen::answered, the newest.
  int reads = 0;                                         ///< How many KernelReadComplete came.
  std::string story;  ///< "v0 " for VipsSeen of instance 0, "complete ", "lost ", in their order.
};

/// The source and what it needs, in a namespace with one pair of interfaces, d0 and p0. The test is
/// in the namespace too.
struct NetlinkBench {
  NetlinkBench() { network.add_veth("d0", "p0"); }

  /// Makes the source and starts it.
  void start(const core::Topology& configured,
             int receive_buffer = sources::NetlinkSource::default_receive_buffer) {
    source = std::make_unique<sources::NetlinkSource>(loop, log, statistics, configured, recorder,
                                                      receive_buffer);
    source->start();
  }

  /// The same, until it has read everything.
  void start_and_read(const core::Topology& configured) {
    start(configured);
    BOOST_TEST_REQUIRE(until([this] { return recorder.reads == 1; }));
  }

  /// Turns the loop until `condition`; false if that does not come.
  template <typename Condition>
  bool until(Condition condition) {
    return wait_until([this, &condition] {
      loop.dispatch();
      return condition();
    });
  }

  /// Turns the loop until an instance has so many VIPs; false if that does not come.
  bool comes_to(core::InstanceIndex instance, std::uint32_t present) {
    return until([=, this] { return recorder.present[instance] == present; });
  }

  /// How many messages contain `part`.
  [[nodiscard]] std::ptrdiff_t logged(const std::string& part) const {
    return std::count_if(
        log.messages.begin(), log.messages.end(),
        [&part](const std::string& line) { return line.find(part) != std::string::npos; });
  }

  NetworkNamespace network;                        ///< Where it all happens.
  NetworkNamespace::Stay stay{network};            ///< The test's own stay there.
  runtime::EventLoop loop;                         ///< Turned by until().
  RecordingLog log;                                ///< What was logged.
  core::Statistics statistics;                     ///< What was counted.
  VipRecorder recorder;                            ///< What was observed.
  std::unique_ptr<sources::NetlinkSource> source;  ///< Made by start().
};

}  // namespace batch_notifier::tests
