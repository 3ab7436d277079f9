// SPDX-License-Identifier: MIT
// What keepalived makes of instances, addresses and groups; seen with keepalived 2.2.7.
#define BOOST_TEST_DYN_LINK
#include <chrono>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/configured.hpp"

using namespace batch_notifier;  // NOLINT(google-build-using-namespace)
using std::chrono::milliseconds;
using tests::block;
using tests::only_instance;
using tests::problems_of;
using tests::read_text;
using tests::vips_of;

namespace {

using Texts = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(config_topology)

BOOST_AUTO_TEST_CASE(an_instance) {
  const config::Configuration configuration = read_text(
      "# first\nvrrp_instance \"VI 1\" {\n  state BACKUP\n  interface eth0.1\n"
      "  virtual_router_id 51\n  priority 110\n  advert_int 2\n"
      "  authentication {\n    auth_type PASS\n    auth_pass priority\n  }\n"
      "  track_script { chk weight 2 }\n  notify \"/bin/x {\"\n"
      "  virtual_ipaddress {\n    10.0.0.1/24\n    10.0.0.2 dev eth1 label eth1:1\n  }\n"
      "  virtual_ipaddress_excluded { fd00::1\n    10.0.0.3 }\n}\n");
  BOOST_TEST(problems_of(configuration).empty());
  BOOST_REQUIRE_EQUAL(configuration.topology.instances.size(), 1U);
  const core::Instance& instance = configuration.topology.instances[0];
  BOOST_TEST(instance.name == "VI 1");
  BOOST_TEST(instance.interface == "eth0.1");
  BOOST_TEST(int{instance.vrid} == 51);
  BOOST_TEST((instance.family == core::AddressFamily::ipv4));
  BOOST_TEST(int{instance.priority} == 110);
  BOOST_TEST((instance.advert_interval == milliseconds(2000)));
  BOOST_TEST(instance.sync_group == "");
  BOOST_TEST(instance.location.line == 2U);
  BOOST_TEST(instance.location.file == tests::main_file);
  const Texts vips = {"10.0.0.1/24 eth0.1", "10.0.0.2/32 eth1", "fd00::1/128 eth0.1 excluded",
                      "10.0.0.3/32 eth0.1 excluded"};
  BOOST_TEST(vips_of(instance) == vips, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(global_definitions) {
  const core::Topology none = read_text("").topology;
  BOOST_TEST(!none.dbus_enabled);
  BOOST_TEST(!none.script_security);
  BOOST_TEST(none.dbus_service_name == "org.keepalived.Vrrp1");
  BOOST_TEST(none.dbus_no_interface_name == "none");
  const config::Configuration configuration = read_text(
      "net_namespace blue\nnet_namespace red\ninstance one\nglobal_defs {\n router_id x\n"
      " notification_email { a@b }\n dbus_service_name org.x.First\n enable_dbus\n}\n"
      "global_defs { enable_script_security\n dbus_service_name org.x.Y\n"
      " dbus_no_interface_name nil\n net_namespace unknown_here\n}\n");
  const core::Topology& topology = configuration.topology;
  BOOST_TEST(problems_of(configuration).empty());
  BOOST_TEST(topology.net_namespace == "blue");
  BOOST_TEST(topology.instance_name == "one");
  BOOST_TEST(topology.dbus_enabled);
  BOOST_TEST(topology.script_security);
  BOOST_TEST(topology.dbus_service_name == "org.x.Y");
  BOOST_TEST(topology.dbus_no_interface_name == "nil");
}

BOOST_AUTO_TEST_CASE(other_blocks_are_passed_over) {
  const config::Configuration configuration = read_text(
      "virtual_server 10.0.0.1 80 {\n real_server 10.0.0.2 80 {\n HTTP_GET { url { path / } }\n"
      " vrrp_instance X {\n }\n }\n}\nvrrp_script c {\n script \"/bin/x\n}\nunknown\n"
      "unknown { a { b } } " +
      block("unknown { interface wrong\n { priority 1 } }"));
  BOOST_TEST(problems_of(configuration).empty());
  BOOST_REQUIRE_EQUAL(configuration.topology.instances.size(), 1U);
  BOOST_TEST(configuration.topology.instances[0].interface == "eth0");
  BOOST_TEST(int{configuration.topology.instances[0].priority} == 100);
}

BOOST_AUTO_TEST_CASE(family_is_that_of_the_first_line_that_implies_one) {
  struct Case {
    std::string content;
    core::AddressFamily family;
    Texts vips;
  };
  const core::AddressFamily v4 = core::AddressFamily::ipv4;
  const core::AddressFamily v6 = core::AddressFamily::ipv6;
  const std::vector<Case> cases = {
      {"", v4, {}},
      {"native_ipv6", v6, {}},
      {"virtual_ipaddress { fe80::1 }", v6, {"fe80::1/128 eth0"}},
      {"virtual_ipaddress_excluded { fe80::1 }", v4, {"fe80::1/128 eth0 excluded"}},
      {"unicast_peer { fd00::1 min_ttl 1 }", v6, {}},
      {"unicast_src_ip fd00::1", v6, {}},
      {"mcast_src_ip fd00::1", v6, {}},
      {"mcast_dst_ip ff02::12", v6, {}},
      {"use_ipvlan bridge fd00::1/64", v6, {}},
      {"unicast_src_ip 10.0.0.9\nunicast_peer { fd00::1 }", v4, {}},
      {"virtual_ipaddress { 10.0.0.1 }\nnative_ipv6", v4, {"10.0.0.1/32 eth0"}},
      {"virtual_ipaddress { fd00::1\n 10.0.0.1\n fd00::2 }",
       v6,
       {"fd00::1/128 eth0", "fd00::2/128 eth0"}}};
  for (const Case& item : cases) {
    BOOST_TEST_CONTEXT(item.content) {
      const core::Instance instance = only_instance(block(item.content));
      BOOST_TEST((instance.family == item.family));
      BOOST_TEST(vips_of(instance) == item.vips, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(advert_intervals_are_rounded_as_the_version_needs) {
  struct Case {
    std::string text;
    milliseconds interval;
  };
  const std::string v3 = "global_defs { vrrp_version 3 }\n";
  const std::vector<Case> cases = {
      {block(""), milliseconds(1000)},
      {block("advert_int 1.5"), milliseconds(2000)},
      {block("advert_int 0.3"), milliseconds(1000)},
      {block("advert_int 255"), milliseconds(255'000)},
      {block("version 3\nadvert_int 0.255"), milliseconds(260)},
      {block("advert_int .5\nnative_ipv6"), milliseconds(500)},
      {v3 + block("advert_int 0.01"), milliseconds(10)},
      {v3 + block("advert_int 41"), milliseconds(40'950)},
      {v3 + block("version 2\nadvert_int 2.4"), milliseconds(2000)},
      {v3 + block("advert_int 0.2\nvirtual_ipaddress { 10.0.0.1 }"), milliseconds(200)}};
  for (const Case& item : cases) {
    BOOST_TEST_CONTEXT(item.text) {
      BOOST_TEST((only_instance(item.text).advert_interval == item.interval));
    }
  }
}

BOOST_AUTO_TEST_CASE(priorities) {
  BOOST_TEST(int{only_instance(block("")).priority} == 100);
  BOOST_TEST(int{only_instance(block("priority 255")).priority} == 255);
  BOOST_TEST(int{only_instance(block("state MASTER")).priority} == 255);
  BOOST_TEST(int{only_instance(block("state MASTER\npriority 90")).priority} == 90);
}

BOOST_AUTO_TEST_CASE(sync_groups) {
  const config::Configuration configuration = read_text(
      "vrrp_sync_group G {\n group {\n A B\n \"C d\" }\n group { E }\n}\n" + block("", "A") +
      block("", "B") + block("", "\"C d\"") + block("", "E") + block("", "F") +
      "vrrp_sync_group H { group { X F A } }\nvrrp_sync_group H { group { E } }\n");
  const std::vector<core::Instance>& instances = configuration.topology.instances;
  BOOST_REQUIRE_EQUAL(instances.size(), 5U);
  BOOST_TEST(instances[0].sync_group == "G");
  BOOST_TEST(instances[1].sync_group == "G");
  BOOST_TEST(instances[2].sync_group == "G");
  BOOST_TEST(instances[3].sync_group == "");
  BOOST_TEST(instances[4].sync_group == "H");
  BOOST_TEST(problems_of(configuration) ==
                 (Texts{"33: there is a sync group 'H' already; this one is ignored",
                        "32: sync group 'H' names 'X', which is no instance",
                        "32: 'A' is in sync group 'G' already and not in 'H'"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(bad_blocks) {
  struct Case {
    std::string text;
    std::size_t instances;
    Texts problems;
  };
  const std::string vrid = "virtual_router_id 1\n";
  const std::vector<Case> cases = {
      {"vrrp_instance { " + vrid + "}\nvrrp_instance A B { " + vrid + "}",
       0,
       {"1: vrrp_instance takes one name; the block is ignored",
        "3: vrrp_instance takes one name; the block is ignored"}},
      {"vrrp_instance A { " + vrid + "}\nvrrp_instance A { @batch_notifier nonsense\n}",
       1,
       {"3: there is an instance 'A' already; this one is ignored"}},
      {"vrrp_instance A { }", 1, {"1: A: no valid virtual_router_id; keepalived will not run it"}},
      {"vrrp_instance A { virtual_router_id 256\n}",
       1,
       {"1: A: virtual_router_id '256' is not a number from 1 to 255",
        "1: A: no valid virtual_router_id; keepalived will not run it"}},
      {"vrrp_instance A { virtual_router_id\n" + vrid + "}",
       1,
       {"1: A: virtual_router_id lacks its value; the line is ignored"}},
      {"vrrp_instance A { " + vrid + "priority 0\n}",
       1,
       {"2: A: priority '0' is not a number from 1 to 255; keepalived takes 100"}},
      {"vrrp_instance A { " + vrid + "advert_int 256\nadvert_int 1s\nadvert_int 0.001\n}",
       1,
       {"2: A: advert_int '256' is not a time in seconds from 0.01 to 255; it is ignored",
        "3: A: advert_int '1s' is not a time in seconds from 0.01 to 255; it is ignored",
        "4: A: advert_int '0.001' is not a time in seconds from 0.01 to 255; it is ignored"}},
      {"vrrp_instance A { " + vrid + "interface 0123456789abcdef\n}",
       1,
       {"2: A: interface '0123456789abcdef' is no interface name; it is ignored"}},
      {"vrrp_instance A { " + vrid + "virtual_ipaddress { 10.0.0.1\nnative_ipv6 } }",
       1,
       {"3: A: 'native_ipv6' is no IP address; the address is left out"}},
      {"}\nvrrp_instance A { " + vrid + "}", 1, {"1: '}' without '{'"}},
      {"vrrp_instance A {\n" + vrid + "virtual_ipaddress {\n10.0.0.1",
       1,
       {"3: the block that begins here has no '}'"}},
      {"global_defs { dbus_service_name\n}",
       0,
       {"1: dbus_service_name lacks its value; the line is ignored"}}};
  for (const Case& item : cases) {
    BOOST_TEST_CONTEXT(item.text) {
      const config::Configuration configuration = read_text(item.text);
      BOOST_TEST(configuration.topology.instances.size() == item.instances);
      BOOST_TEST(problems_of(configuration) == item.problems, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(deep_nesting_and_many_problems_are_bounded) {
  std::string nested;
  for (int depth = 0; depth < 100'000; ++depth) {
    nested += "a {\n";
  }
  BOOST_TEST(problems_of(read_text(nested)) == (Texts{"1: the block that begins here has no '}'"}));
  const config::Configuration configuration = read_text("~SEQ(i,5000) }\x1b[2J");
  BOOST_TEST(configuration.problems.size() == config::Problems::limit + 1);
  BOOST_TEST(configuration.problems.back().message ==
             "there are more problems than are listed here");
}

BOOST_AUTO_TEST_SUITE_END()
