// SPDX-License-Identifier: MIT
/// @file
/// Short ways to write an instance's configuration and to look at what was read.
#pragma once

#include <string>
#include <vector>

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>

#include "tests/support/fake_config_files.hpp"

namespace batch_notifier::tests {

/// "ADDRESS/LENGTH INTERFACE" of each VIP, with "excluded" behind it for an excluded one.
inline std::vector<std::string> vips_of(const core::Instance& instance) {
  std::vector<std::string> texts;
  for (const core::VirtualAddress& vip : instance.vips) {
    char address[INET6_ADDRSTRLEN] = "";
    inet_ntop(vip.address.family == core::AddressFamily::ipv4 ? AF_INET : AF_INET6,
              vip.address.bytes.data(), address, sizeof address);
    texts.push_back(std::string(address) + "/" + std::to_string(vip.prefix_length) + " " +
                    vip.interface + (vip.excluded ? " excluded" : ""));
  }
  return texts;
}

/// A valid instance on eth0 with VRID 51 and `content` in its block.
inline std::string block(const std::string& content, const std::string& name = "A") {
  return "vrrp_instance " + name + " {\ninterface eth0\nvirtual_router_id 51\n" + content + "\n}\n";
}

/// The instance of a configuration that has one.
inline core::Instance only_instance(const std::string& text) {
  const config::Configuration configuration = read_text(text);
  BOOST_REQUIRE_EQUAL(configuration.topology.instances.size(), 1U);
  return configuration.topology.instances.front();
}

}  // namespace batch_notifier::tests
