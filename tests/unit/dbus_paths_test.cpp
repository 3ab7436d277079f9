// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "sources/dbus_paths.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace {

using batch_notifier::core::AddressFamily;
using batch_notifier::core::Instance;
using batch_notifier::core::Topology;
using batch_notifier::sources::DbusPaths;

Instance make_instance(const std::string& interface, std::uint8_t vrid,
                       AddressFamily family = AddressFamily::ipv4) {
  Instance instance;
  instance.name = interface + "_" + std::to_string(vrid);
  instance.interface = interface;
  instance.vrid = vrid;
  instance.family = family;
  return instance;
}

struct PathCase {
  std::string net_namespace;
  std::string instance_name;
  std::string interface;
  std::uint8_t vrid;
  AddressFamily family;
  std::string path;
};

const std::vector<PathCase> path_cases{
    {"", "", "eth0", 51, AddressFamily::ipv4, "/org/keepalived/Vrrp1/Instance/eth0/51/IPv4"},
    {"", "", "eth0", 255, AddressFamily::ipv6, "/org/keepalived/Vrrp1/Instance/eth0/255/IPv6"},
    {"", "", "ha-1234abcd-56", 1, AddressFamily::ipv4,
     "/org/keepalived/Vrrp1/Instance/ha_1234abcd_56/1/IPv4"},
    {"", "", "eth0.1@x", 7, AddressFamily::ipv4, "/org/keepalived/Vrrp1/Instance/eth0_1_x/7/IPv4"},
    {"blue", "", "eth0", 51, AddressFamily::ipv4,
     "/org/keepalived/Vrrp1/blue/Instance/eth0/51/IPv4"},
    {"", "two", "eth0", 51, AddressFamily::ipv4, "/org/keepalived/Vrrp1/two/Instance/eth0/51/IPv4"},
    {"blue", "two", "eth0", 51, AddressFamily::ipv6,
     "/org/keepalived/Vrrp1/blue/two/Instance/eth0/51/IPv6"},
    {"", "", "", 51, AddressFamily::ipv4, "/org/keepalived/Vrrp1/Instance/none/51/IPv4"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(dbus_paths)

BOOST_AUTO_TEST_CASE(paths_are_those_of_keepalived) {
  for (const PathCase& row : path_cases) {
    BOOST_TEST_CONTEXT(row.path) {
      Topology topology;
      topology.net_namespace = row.net_namespace;
      topology.instance_name = row.instance_name;
      topology.instances.push_back(make_instance(row.interface, row.vrid, row.family));
      const DbusPaths paths(topology);
      BOOST_TEST(paths.valid());
      BOOST_TEST(paths.usable(0));
      BOOST_TEST(paths.path(0) == row.path);
      BOOST_TEST(row.path.rfind(paths.prefix() + "/", 0) == 0U);
      BOOST_REQUIRE(paths.find(row.path) != nullptr);
      BOOST_TEST(paths.find(row.path)->instance == 0U);
      BOOST_TEST(!paths.find(row.path)->ambiguous);
    }
  }
}

BOOST_AUTO_TEST_CASE(instance_without_interface_has_the_configured_name) {
  Topology topology;
  topology.dbus_no_interface_name = "no-if";
  topology.instances.push_back(make_instance("", 3));
  BOOST_TEST(DbusPaths(topology).path(0) == "/org/keepalived/Vrrp1/Instance/no_if/3/IPv4");
  topology.dbus_no_interface_name = "";
  BOOST_TEST(!DbusPaths(topology).usable(0));
}

BOOST_AUTO_TEST_CASE(every_path_leads_back_to_its_instance) {
  Topology topology;
  for (unsigned int vrid = 1; vrid < 256; ++vrid) {
    topology.instances.push_back(make_instance("eth0", static_cast<std::uint8_t>(vrid)));
  }
  const DbusPaths paths(topology);
  for (std::size_t index = 0; index < topology.instances.size(); ++index) {
    BOOST_REQUIRE(paths.find(paths.path(index)) != nullptr);
    BOOST_TEST(paths.find(paths.path(index))->instance == index);
  }
  BOOST_TEST(paths.find("/org/keepalived/Vrrp1/Instance/eth1/1/IPv4") == nullptr);
  BOOST_TEST(paths.find("/org/keepalived/Vrrp1/Vrrp") == nullptr);
  BOOST_TEST(paths.find("") == nullptr);
}

BOOST_AUTO_TEST_CASE(shared_path_is_nobodys) {
  Topology topology;
  topology.instances = {make_instance("eth0.1", 5), make_instance("eth0", 5),
                        make_instance("eth0_1", 5), make_instance("eth0_1", 6)};
  const DbusPaths paths(topology);
  BOOST_TEST(!paths.usable(0));
  BOOST_TEST(paths.usable(1));
  BOOST_TEST(!paths.usable(2));
  BOOST_TEST(paths.usable(3));
  BOOST_TEST(paths.find(paths.path(2))->ambiguous);
  BOOST_TEST(paths.find(paths.path(2))->instance == 0U);
}

BOOST_AUTO_TEST_CASE(family_none_stands_for_the_only_instance) {
  Topology topology;
  topology.instances = {make_instance("eth0", 5), make_instance("eth1", 5),
                        make_instance("eth1", 5, AddressFamily::ipv6)};
  const DbusPaths paths(topology);
  BOOST_REQUIRE(paths.find("/org/keepalived/Vrrp1/Instance/eth0/5/None") != nullptr);
  BOOST_TEST(!paths.find("/org/keepalived/Vrrp1/Instance/eth0/5/None")->ambiguous);
  BOOST_TEST(paths.find("/org/keepalived/Vrrp1/Instance/eth1/5/None")->ambiguous);
  BOOST_TEST(paths.usable(1));
  BOOST_TEST(paths.usable(2));
}

BOOST_AUTO_TEST_CASE(names_that_dbus_does_not_allow_make_all_unusable) {
  for (const std::string name : {"foo-bar", "qrouter-0a1b", "a/", "ä"}) {
    BOOST_TEST_CONTEXT(name) {
      Topology topology;
      topology.net_namespace = name;
      topology.instances = {make_instance("eth0", 5)};
      BOOST_TEST(!DbusPaths(topology).valid());
      BOOST_TEST(!DbusPaths(topology).usable(0));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
