// SPDX-License-Identifier: MIT
// Where keepalived puts addresses; seen with keepalived 2.2.7.
#define BOOST_TEST_DYN_LINK
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/configured.hpp"

using namespace batch_notifier;  // NOLINT(google-build-using-namespace)
using tests::block;
using tests::only_instance;
using tests::problems_of;
using tests::read_text;
using tests::vips_of;

namespace {

using Texts = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(config_addresses)

BOOST_AUTO_TEST_CASE(addresses) {
  struct Case {
    std::string line;
    std::string vip;      // Empty if it is left out.
    std::string problem;  // Behind "5: A: ".
  };
  const std::vector<Case> cases = {
      {"10.0.0.1/24 brd + scope link label eth0:1 home -nodad no_track preferred_lft 0",
       "10.0.0.1/24 eth0", ""},
      {"10.0.0.1 brd 10.0.0.255 dev eth1", "10.0.0.1/32 eth1", ""},
      {"10.0.0.1 broadcast -", "10.0.0.1/32 eth0", ""},
      {"10.0.0.1/0", "10.0.0.1/0 eth0", ""},
      {"10.0.0.1/24 peer 10.0.0.2", "10.0.0.1/32 eth0", ""},
      {"10.0.0.1/24 unknown words", "10.0.0.1/24 eth0", ""},
      {"10.0.0.1/33", "10.0.0.1/32 eth0",
       "the prefix length of '10.0.0.1/33' is not from 0 to 32; keepalived takes 32"},
      {"fd00::1/x", "fd00::1/128 eth0",
       "the prefix length of 'fd00::1/x' is not from 0 to 128; keepalived takes 128"},
      {"10.0.0.1/24 peer fd00::1", "10.0.0.1/24 eth0",
       "peer 'fd00::1' is no address of the same family"},
      {"10.0.0", "", "'10.0.0' is no IP address; the address is left out"},
      {"10.0.0.256", "", "'10.0.0.256' is no IP address; the address is left out"},
      {"fd00::g", "", "'fd00::g' is no IP address; the address is left out"},
      {"10.0.0.1 dev", "", "dev lacks its value; the address is left out"},
      {"10.0.0.1 scope", "", "scope lacks its value; the address is left out"},
      {"10.0.0.1 dev a dev b", "", "dev is given twice; the address is left out"},
      {"10.0.0.1 dev 0123456789abcdef", "",
       "dev '0123456789abcdef' is no interface name; the address is left out"},
      {"10.0.0.1 label 0123456789abcdef", "",
       "label '0123456789abcdef' is longer than 15 characters; the address is left out"},
      {"10.0.0.1 brd x", "", "broadcast 'x' is no address; the address is left out"},
      {"fd00::1 brd +", "", "an IPv6 address has no broadcast address; the address is left out"}};
  for (const Case& item : cases) {
    BOOST_TEST_CONTEXT(item.line) {
      const config::Configuration configuration =
          read_text(block("virtual_ipaddress {\n" + item.line + "\n}"));
      const Texts vips = item.vip.empty() ? Texts() : Texts{item.vip};
      BOOST_TEST(vips_of(configuration.topology.instances.at(0)) == vips);
      const Texts problems = item.problem.empty() ? Texts() : Texts{"5: A: " + item.problem};
      BOOST_TEST(problems_of(configuration) == problems, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(an_address_counts_once_per_interface) {
  const core::Instance instance =
      only_instance(block("virtual_ipaddress { 10.0.0.1\n 10.0.0.1 dev eth0\n 10.0.0.1 dev eth1 }\n"
                          "virtual_ipaddress_excluded { 10.0.0.1/24 }"));
  BOOST_TEST(vips_of(instance) == (Texts{"10.0.0.1/32 eth0", "10.0.0.1/32 eth1"}));
}

BOOST_AUTO_TEST_CASE(vmacs) {
  struct Case {
    std::string text;
    Texts vips;  // Of all instances.
  };
  const std::string v4 = "virtual_ipaddress { 10.0.0.1 }\n";
  const std::string v6 = "virtual_ipaddress { fe80::1 }\n";
  const std::string on_eth1 = "interface eth1\n";
  const std::vector<Case> cases = {
      {block("use_vmac\n" + v4), {"10.0.0.1/32 vrrp.51"}},
      {block("use_vmac vm0 00:00:5e:11:22:33\n" + v4), {"10.0.0.1/32 vm0"}},
      {block("use_vmac netlink_notify_msg group 7 name vm1\n" + v4), {"10.0.0.1/32 vm1"}},
      {block("use_vmac\nvmac_xmit_base\nvirtual_ipaddress { 10.0.0.1 dev eth0\n"
             "10.0.0.2 dev eth1\n10.0.0.3 dev eth1 use_vmac }\n"
             "virtual_ipaddress_excluded { fd00::1\nfd00::2 use_vmac }"),
       {"10.0.0.1/32 vrrp.51", "10.0.0.2/32 eth1", "10.0.0.3/32 vrrp1.51",
        "fd00::1/128 eth0 excluded", "fd00::2/128 vrrp6.51 excluded"}},
      {block("use_vmac\n" + v4) + block("use_vmac\n" + v6, "B"),
       {"10.0.0.1/32 vrrp.51", "fe80::1/128 vrrp6.51"}},
      {block("use_vmac\n" + v6) + block("use_vmac\n" + v4, "B"),
       {"fe80::1/128 vrrp.51", "10.0.0.1/32 vrrp1.51"}},
      {block("use_vmac\n" + v4) + block(on_eth1 + "use_vmac\n" + v4, "B"),
       {"10.0.0.1/32 vrrp.51", "10.0.0.1/32 vrrp1.51"}},
      // A name that is configured further down is taken nevertheless.
      {block("use_vmac\n" + v4) + block(on_eth1 + "use_vmac vrrp.51\n" + v4, "B"),
       {"10.0.0.1/32 vrrp1.51", "10.0.0.1/32 vrrp.51"}},
      {block("use_vmac x\n" + v4) + block(on_eth1 + "use_vmac x\n" + v4, "B"),
       {"10.0.0.1/32 x", "10.0.0.1/32 vrrp.51"}},
      // The VMAC that an address has made is the instance's too.
      {block("use_vmac\n" + v4 + "virtual_ipaddress_excluded { fd00::1 use_vmac }") +
           block("use_vmac\n" + v6, "B"),
       {"10.0.0.1/32 vrrp.51", "fd00::1/128 vrrp6.51 excluded", "fe80::1/128 vrrp6.51"}},
      {block("use_vmac_addr\nvirtual_ipaddress { 10.0.0.1\n10.0.0.2 dev eth1 }"),
       {"10.0.0.1/32 eth0", "10.0.0.2/32 vrrp.51"}},
      {"global_defs { vmac_prefix ka\n vmac_addr_prefix kb }\n" +
           block("use_vmac\nvirtual_ipaddress { 10.0.0.1\n10.0.0.2 dev eth1 use_vmac }"),
       {"10.0.0.1/32 ka.51", "10.0.0.2/32 kb.51"}},
      {"global_defs { vmac_prefix a_long_vmac_prefix }\n" + block("use_vmac\n" + v4),
       {"10.0.0.1/32 a_long_vmac_.51"}}};
  for (const Case& item : cases) {
    BOOST_TEST_CONTEXT(item.text) {
      Texts vips;
      for (const core::Instance& instance : read_text(item.text).topology.instances) {
        const Texts more = vips_of(instance);
        vips.insert(vips.end(), more.begin(), more.end());
        BOOST_TEST(instance.interface.substr(0, 3) == "eth");
      }
      BOOST_TEST(vips == item.vips, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(an_instance_without_interface) {
  const core::Instance instance = only_instance(
      "vrrp_instance A { virtual_router_id 5\nuse_vmac\nunicast_src_ip 10.0.0.9\n"
      "virtual_ipaddress { 10.0.0.1\n 10.0.0.2 dev eth1 } }");
  BOOST_TEST(instance.interface == "");
  BOOST_TEST(vips_of(instance) == (Texts{"10.0.0.1/32 ", "10.0.0.2/32 eth1"}));
}

BOOST_AUTO_TEST_SUITE_END()
