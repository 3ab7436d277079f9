// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "sources/netlink_source.hpp"

#include <poll.h>

#include <string>

#include <boost/test/unit_test.hpp>

#include "tests/support/netlink_bench.hpp"
#include "tests/support/network_namespace.hpp"
#include "tests/support/privilege.hpp"
#include "tests/support/process.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier;
using namespace batch_notifier::tests;

BOOST_FIXTURE_TEST_SUITE(netlink_source, NetlinkBench, *boost::unit_test::precondition(is_root))

BOOST_AUTO_TEST_CASE(reads_what_is_there_and_tells_all_of_it_first) {
  network.ip("address add 10.0.0.1/24 dev d0");
  network.ip("address add 2001:db8::1/64 dev d0 nodad");
  core::Topology configured = make_topology(
      {{make_vip("10.0.0.1", "d0"), make_vip("2001:db8::1", "d0"), make_vip("10.0.0.2", "d0")},
       {make_vip("10.0.0.1", "p0")},
       {},
       {make_vip("10.0.0.1", "d0")}});
  configured.instances[3].ignored = true;
  start_and_read(configured);
  BOOST_TEST(recorder.story == "v0 v1 v2 complete ");
  BOOST_TEST(recorder.present[0] == 2U);
  BOOST_TEST(recorder.first[0]);
  BOOST_TEST(recorder.present[1] == 0U);
  BOOST_TEST(!recorder.first[1]);
  BOOST_TEST(recorder.present[2] == 0U);
}

BOOST_AUTO_TEST_CASE(hears_addresses_come_and_go) {
  start_and_read(make_topology({{make_vip("10.0.0.1", "d0"), make_vip("10.0.0.2", "d0")},
                                {make_vip("2001:db8::1", "d0")},
                                {make_vip("10.0.0.3", "d0")}}));
  network.ip("address add 10.0.0.1/24 dev d0");
  BOOST_TEST(comes_to(0, 1));
  BOOST_TEST(recorder.first[0]);
  network.ip("address add 10.0.0.2/24 dev d0");
  BOOST_TEST(comes_to(0, 2));
  network.ip("address add 10.0.0.1/32 dev d0");
  network.ip("address del 10.0.0.1/32 dev d0");
  network.ip("address add 2001:db8::1/128 dev d0 nodad");
  BOOST_TEST(comes_to(1, 1));
  BOOST_TEST(recorder.present[0] == 2U);
  network.ip("address add 10.0.0.3 peer 10.9.0.1/32 dev d0");
  BOOST_TEST(comes_to(2, 1));
  network.ip("address add 10.0.0.3 peer 10.9.0.2/32 dev d0");
  network.ip("address del 10.0.0.3 peer 10.9.0.1/32 dev d0");
  network.ip("address del 2001:db8::1/128 dev d0");
  BOOST_TEST(comes_to(1, 0));
  BOOST_TEST(recorder.present[2] == 1U);
  network.ip("address del 10.0.0.3 peer 10.9.0.2/32 dev d0");
  BOOST_TEST(comes_to(2, 0));
  network.ip("address flush dev d0");
  BOOST_TEST(comes_to(0, 0));
  BOOST_TEST(!recorder.first[0]);
  BOOST_TEST(recorder.reads == 1);
}

BOOST_AUTO_TEST_CASE(follows_links) {
  start_and_read(make_topology({{make_vip("10.0.0.1", "d0")}, {make_vip("10.0.0.1", "vrrp.51")}}));
  network.ip("address add 10.0.0.1/24 dev d0");
  BOOST_TEST(comes_to(0, 1));
  network.ip("link set d0 down");
  network.ip("link set d0 name vrrp.51");
  BOOST_TEST(comes_to(1, 1));
  BOOST_TEST(recorder.present[0] == 0U);
  network.ip("link set vrrp.51 name d0");
  BOOST_TEST(comes_to(0, 1));
  BOOST_TEST(recorder.present[1] == 0U);
  network.ip("link del d0");
  BOOST_TEST(comes_to(0, 0));
  network.add_veth("d0", "p0");
  network.ip("address add 10.0.0.1/24 dev d0");
  BOOST_TEST(comes_to(0, 1));
  const NetworkNamespace elsewhere;
  network.ip("link set d0 netns " + elsewhere.name());
  BOOST_TEST(comes_to(0, 0));
  BOOST_TEST(recorder.reads == 1);
}

BOOST_AUTO_TEST_CASE(an_address_that_is_in_use_elsewhere_is_not_present) {
  network.ip("address add 2001:db8::1/64 dev p0 nodad");
  network.ip("address add 2001:db8::1/64 dev d0");
  const TemporaryDirectory directory;
  BOOST_TEST_REQUIRE(wait_until([&] {
    const std::string path = directory.file("failed");
    write_file(path, "");
    Process({"ip", "-6", "-o", "address", "show", "dev", "d0", "dadfailed"}, path).wait();
    return read_file(path).find("2001:db8::1") != std::string::npos;
  }));
  start_and_read(make_topology({{make_vip("2001:db8::1", "d0")}, {make_vip("2001:db8::1", "p0")}}));
  BOOST_TEST(recorder.present[0] == 0U);
  BOOST_TEST(recorder.present[1] == 1U);
}

BOOST_AUTO_TEST_CASE(reads_again_when_asked_and_tells_what_differs) {
  start_and_read(make_topology({{make_vip("10.0.0.1", "d0")}, {make_vip("10.0.0.2", "d0")}}));
  source->resync();
  BOOST_TEST(until([this] { return recorder.reads == 2; }));
  BOOST_TEST(recorder.story == "v0 v1 complete complete ");
  network.ip("address add 10.0.0.2/24 dev d0");
  source->resync();
  BOOST_TEST(until([this] { return recorder.reads == 3; }));
  BOOST_TEST(recorder.story == "v0 v1 complete complete v1 complete ");
}

BOOST_AUTO_TEST_CASE(is_silent_while_nothing_happens) {
  start_and_read(make_topology({{make_vip("10.0.0.1", "d0")}}));
  source->resync();
  BOOST_TEST(until([this] { return recorder.reads == 2; }));
  // IPv6 settles the new interfaces' own addresses within seconds.
  pollfd descriptor{loop.fd(), POLLIN, 0};
  BOOST_TEST(until([&] { return poll(&descriptor, 1, 1500) == 0; }));
}

BOOST_AUTO_TEST_SUITE_END()
