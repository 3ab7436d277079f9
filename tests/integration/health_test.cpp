// SPDX-License-Identifier: MIT
/// @file
/// What is told when the kernel's addresses and a real keepalived's word disagree: addresses that
/// somebody deletes or adds by hand, and every kind of VIP that is where it should be.
#define BOOST_TEST_DYN_LINK
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/lone_node.hpp"
#include "tests/support/told.hpp"

using namespace batch_notifier::tests;

namespace {

boost::test_tools::assertion_result macvlan_works(boost::unit_test::test_unit_id unit) {
  boost::test_tools::assertion_result result = keepalived_runs(unit);
  if (result) {
    const NetworkNamespace where;
    where.add_veth("d0", "p0");
    Process attempt(
        {"ip", "-n", where.name(), "link", "add", "m0", "link", "d0", "type", "macvlan"},
        "/dev/null");
    result = boost::test_tools::assertion_result(attempt.wait() == 0);
    result.message() << "the kernel has no macvlan";
  }
  return result;
}

std::string instance(const std::string& priority, const std::string& more) {
  return "vrrp_instance web {\n    interface d0\n    virtual_router_id 7\n    advert_int 0.1\n"
         "    priority " +
         priority + "\n" + more + "}\n";
}

const char* const one_vip = "    virtual_ipaddress {\n        192.0.2.7/32\n    }\n";

/// A node with one instance, and a neighbour at the other end of its cable.
struct Watched {
  explicit Watched(const std::string& more, const std::string& settings = quick_settings)
      : node(where, bus.address(), instance("100", more) + settings + health_wait) {
    where.ip("link add d0 type veth peer name d0 netns " + neighbour.name());
    // Nobody else is there, so nothing is gained by waiting for duplicate address detection.
    where.run({"sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/d0/accept_dad"});
    where.ip("link set d0 up");
    where.ip("address add 10.0.0.1/16 dev d0");
    neighbour.ip("link set d0 up");
    neighbour.ip("address add 10.0.0.2/16 dev d0");
  }

  void start() {
    node.start();
    expect("MASTER");
  }

  void expect(const std::string& state) const { expect_states(node, {{"web", state}}); }

  /// Waits for an entry with this health, and so many of the VIPs.
  void expect_health(const std::string& health, int present, int expected) const {
    expect_field(node, "web", "health", health);
    expect_field(node, "web", "vips", {{"expected", expected}, {"present", present}});
  }

  /// States told from the given batch on, in order.
  [[nodiscard]] std::vector<std::string> states_told(std::size_t first) const {
    std::vector<std::string> states;
    const Told told(node.command_file());
    for (std::size_t index = first; index < told.batches().size(); ++index) {
      states.push_back(told.batches()[index].at("changes").at(0).at("state"));
    }
    return states;
  }

  static constexpr const char* health_wait = "@batch_notifier health_wait 0.3\n";
  NetworkNamespace where;
  NetworkNamespace neighbour;
  PrivateBus bus;
  KeepalivedNode node;
};

/// A VIP deleted by hand makes keepalived BACKUP, and MASTER again after a moment.
void delete_a_vip(const std::string& master_hold) {
  Watched it(one_vip, "@batch_notifier batch_interval 0.1\n@batch_notifier master_hold " +
                          master_hold + "\n");
  it.start();
  expect_acknowledged(it.node);
  const std::size_t before = it.node.batches();
  it.where.ip("address del 192.0.2.7/32 dev d0");
  it.expect("BACKUP");
  it.expect("MASTER");
  it.expect_health("ok", 1, 1);
  const std::vector<std::string> expected{"BACKUP", "MASTER"};
  BOOST_TEST(it.states_told(before) == expected);
  const Told told(it.node.command_file());
  const nlohmann::json& change = told.batches().back().at("changes").at(0);
  BOOST_TEST(change.at("transitions") == 1);
  const double held =
      seconds_of_day(told.batches().back().at("opened")) - seconds_of_day(change.at("since"));
  // Less than nothing is a night in between.
  const bool long_enough = held < 0 || held >= std::stod(master_hold);
  BOOST_CHECK_MESSAGE(long_enough, held << " s");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(health, *boost::unit_test::precondition(keepalived_runs))

BOOST_AUTO_TEST_CASE(a_deleted_vip_with_a_short_hold) {
  delete_a_vip("0.05");
}

BOOST_AUTO_TEST_CASE(a_deleted_vip_with_a_long_hold) {
  delete_a_vip("2");
}

BOOST_AUTO_TEST_CASE(a_vip_that_keepalived_does_not_track_is_missed) {
  Watched it(
      "    virtual_ipaddress {\n        192.0.2.7/32\n        192.0.2.8/32 no_track\n    }\n");
  it.start();
  it.expect_health("ok", 2, 2);
  const std::size_t before = it.node.batches();
  it.where.ip("address del 192.0.2.8/32 dev d0");
  it.expect_health("vip_missing", 1, 2);
  expect_field(it.node, "web", "cause", "health");
  it.where.ip("address add 192.0.2.8/32 dev d0");
  it.expect_health("ok", 2, 2);
  const std::vector<std::string> expected{"MASTER", "MASTER"};
  BOOST_TEST(it.states_told(before) == expected);
}

BOOST_AUTO_TEST_CASE(an_excluded_vip_that_is_missed) {
  Watched it(std::string(one_vip) +
             "    virtual_ipaddress_excluded {\n        192.0.2.9/32 no_track\n    }\n");
  it.start();
  it.expect_health("ok", 2, 2);
  it.where.ip("address del 192.0.2.9/32 dev d0");
  it.expect_health("vip_missing", 1, 2);
  BOOST_TEST(!ever_told(it.node, 0, "authority", "netlink"));
}

BOOST_AUTO_TEST_CASE(a_vip_on_a_backup_is_unexpected) {
  Watched it(one_vip);
  NodeSetup plain;
  plain.enable_dbus = false;
  plain.with_fifo = false;
  KeepalivedNode better(it.neighbour, plain, instance("200", one_vip));
  it.start();
  better.start();
  it.expect("BACKUP");
  it.where.ip("address add 192.0.2.7/32 dev d0");
  it.expect_health("vip_unexpected", 1, 1);
  expect_field(it.node, "web", "state", "BACKUP");
  it.where.ip("address del 192.0.2.7/32 dev d0");
  it.expect_health("ok", 0, 1);
  expect_field(it.node, "web", "state", "BACKUP");
}

BOOST_AUTO_TEST_CASE(ipv6_vips) {
  Watched it(
      "    virtual_ipaddress {\n        fe80::7/64\n        2001:db8::7/64\n"
      "        2001:db8::8/128 no_track\n    }\n"
      "    virtual_ipaddress_excluded {\n        192.0.2.7/24\n    }\n");
  it.start();
  expect_field(it.node, "web", "family", "IPv6");
  it.expect_health("ok", 4, 4);
  it.where.ip("address del 2001:db8::8/128 dev d0");
  it.expect_health("vip_missing", 3, 4);
  it.neighbour.ip("link set d0 down");
  it.expect("FAULT");
  it.expect_health("ok", 0, 4);
}

BOOST_AUTO_TEST_CASE(vips_on_a_vmac, *boost::unit_test::precondition(macvlan_works)) {
  Watched it(std::string("    use_vmac\n") + one_vip);
  it.start();
  expect_field(it.node, "web", "authority", "dbus");
  it.expect_health("ok", 1, 1);
  it.neighbour.ip("link set d0 down");
  it.expect("FAULT");
  it.expect_health("ok", 0, 1);
  it.neighbour.ip("link set d0 up");
  it.expect("MASTER");
  it.expect_health("ok", 1, 1);
}

BOOST_AUTO_TEST_SUITE_END()
