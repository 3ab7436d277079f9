// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "runtime/unique_fd.hpp"
#include "tests/support/netlink_bench.hpp"
#include "tests/support/network_namespace.hpp"
#include "tests/support/privilege.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sanitized.hpp"

using namespace batch_notifier;
using namespace batch_notifier::tests;
using core::Counter;

namespace {

std::string address_of(int number) {
  return "10.1." + std::to_string(number / 250) + "." + std::to_string(number % 250 + 1);
}

/// Lines for `ip -batch` that add or delete addresses number `from` to `to` - 1 on d0.
std::string change(const std::string& verb, int from, int to) {
  std::string lines;
  for (int number = from; number < to; ++number) {
    lines += "address " + verb + " " + address_of(number) + "/32 dev d0\n";
  }
  return lines;
}

/// The IPv4 addresses that the kernel has on d0, by way of ip(8).
std::set<std::string> kernel_addresses(const NetworkNamespace& network) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("addresses");
  Process listing({"ip", "-n", network.name(), "-4", "-o", "address", "show", "dev", "d0"}, path);
  listing.wait();
  std::set<std::string> addresses;
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number;
    std::string interface;
    std::string family;
    std::string address;
    words >> number >> interface >> family >> address;
    addresses.insert(address.substr(0, address.find('/')));
  }
  return addresses;
}

/// The port of the only rtnetlink socket of this namespace.
std::uint32_t port_of_source() {
  std::ifstream table("/proc/thread-self/net/netlink");
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream words(line);
    std::string kernel_address;
    int protocol = -1;
    std::uint32_t port = 0;
    words >> kernel_address >> protocol >> port;
    if (protocol == NETLINK_ROUTE && port != 0) {
      return port;
    }
  }
  return 0;
}

struct NetlinkDeleter {
  void operator()(nl_sock* socket) const { nl_socket_free(socket); }
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};

/// Sends an RTM_NEWADDR of 10.0.0.1 from user space, to a port or to groups.
void forge(std::uint32_t port, std::uint32_t groups, std::size_t padding = 0) {
  const std::unique_ptr<nl_sock, NetlinkDeleter> socket(nl_socket_alloc());
  BOOST_TEST_REQUIRE(nl_connect(socket.get(), NETLINK_ROUTE) == 0);
  nl_socket_set_peer_port(socket.get(), port);
  nl_socket_set_peer_groups(socket.get(), groups);
  const std::unique_ptr<nl_msg, NetlinkDeleter> message(nlmsg_alloc_size(1024 + padding));
  nlmsg_put(message.get(), 0, 0, RTM_NEWADDR, 0, 0);
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = 32;
  header.ifa_index = if_nametoindex("d0");
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  const core::VirtualAddress address = make_vip("10.0.0.1", "d0");
  nla_put(message.get(), IFA_LOCAL, 4, address.address.bytes.data());
  nla_put(message.get(), IFA_LABEL, static_cast<int>(padding), std::string(padding, 'x').data());
  BOOST_TEST_REQUIRE(nl_send(socket.get(), message.get()) > 0);
}

/// Puts a file in the place of the source's socket.
void break_socket(std::uint32_t port) {
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_nl address{};
    socklen_t length = sizeof(address);
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
        address.nl_family == AF_NETLINK && address.nl_pid == port) {
      const runtime::UniqueFd file(open("/dev/null", O_RDONLY | O_CLOEXEC));
      dup2(file.get(), fd);
    }
  }
}

/// Lets this process open no more descriptors.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &none);
  }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;
  ~NoMoreDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(netlink_trouble, NetlinkBench, *boost::unit_test::precondition(is_root))

BOOST_AUTO_TEST_CASE(an_overrun_is_counted_and_made_good) {
  constexpr int count = 4000;
  std::vector<std::vector<core::VirtualAddress>> instances;
  instances.reserve(count);
  for (int number = 0; number < count; ++number) {
    instances.push_back({make_vip(address_of(number), "d0")});
  }
  start(make_topology(instances), /*receive_buffer=*/4096);
  BOOST_TEST_REQUIRE(until([this] { return recorder.reads == 1; }));
  const std::uint64_t overruns_before = statistics.value(Counter::netlink_overruns);

  const auto told_equals_kernel = [&](const std::set<std::string>& kernel) {
    for (int number = 0; number < count; ++number) {
      const bool present = recorder.present[static_cast<core::InstanceIndex>(number)] == 1;
      if (present != (kernel.count(address_of(number)) > 0)) {
        return false;
      }
    }
    return true;
  };
  // Nobody listens during these 10,000 changes …
  network.ip_batch(change("add", 0, 4000) + change("del", 0, 2500) + change("add", 500, 2500) +
                   change("del", 1000, 2500));
  const std::set<std::string> after_first = kernel_addresses(network);
  BOOST_TEST(after_first.size() == 2000U);
  BOOST_TEST(until([&] { return told_equals_kernel(after_first); }));
  BOOST_TEST(statistics.value(Counter::netlink_overruns) > overruns_before);
  BOOST_TEST(logged("receive queue overflowed") > 0);

  // … and during these the source does what it can.
  const TemporaryDirectory directory;
  write_file(directory.file("batch"),
             change("del", 3000, 4000) + change("add", 1000, 2500) + change("del", 500, 1500));
  Process changes({"ip", "-n", network.name(), "-batch", directory.file("batch")});
  BOOST_TEST(until([&] { return !changes.running(); }));
  const std::set<std::string> after_second = kernel_addresses(network);
  BOOST_TEST(after_second.size() == 1500U);
  BOOST_TEST(until([&] { return told_equals_kernel(after_second); }));
  BOOST_TEST(recorder.story.find("lost") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(changes_lost_in_an_overrun_are_reported_as_answers) {
  start(make_topology({{make_vip(address_of(1), "d0")}, {make_vip(address_of(4000), "d0")}}),
        /*receive_buffer=*/4096);
  BOOST_TEST_REQUIRE(until([this] { return recorder.reads == 1; }));
  // Nobody listens, so that the first is queued and the last is not.
  network.ip_batch(change("add", 1, 4001));
  BOOST_TEST(comes_to(0, 1));
  BOOST_TEST(comes_to(1, 1));
  BOOST_TEST(!recorder.answered[0]);
  BOOST_TEST(recorder.answered[1]);
  BOOST_TEST_REQUIRE(until([this] { return recorder.reads == 2; }));
  network.ip("address del " + address_of(4000) + "/32 dev d0");
  BOOST_TEST(comes_to(1, 0));
  BOOST_TEST(!recorder.answered[1]);
}

BOOST_AUTO_TEST_CASE(messages_from_other_senders_than_the_kernel_are_ignored) {
  start_and_read(make_topology({{make_vip("10.0.0.1", "d0")}, {make_vip("10.0.0.2", "d0")}}));
  const std::uint32_t port = port_of_source();
  BOOST_TEST_REQUIRE(port != 0U);
  forge(port, 0);
  forge(0, RTMGRP_IPV4_IFADDR);
  forge(port, 0, /*padding=*/60000);
  BOOST_TEST(until([this] { return statistics.value(Counter::netlink_foreign_messages) == 3; }));
  network.ip("address add 10.0.0.2/24 dev d0");
  BOOST_TEST(comes_to(1, 1));
  BOOST_TEST(recorder.present[0] == 0U);
  BOOST_TEST(recorder.story == "v0 v1 complete v1 ");
  BOOST_TEST(logged("not from the kernel") == 1);
}

BOOST_AUTO_TEST_CASE(tries_again_when_its_socket_fails) {
  start_and_read(make_topology({{make_vip("10.0.0.1", "d0")}, {make_vip("10.0.0.2", "d0")}}));
  break_socket(port_of_source());
  network.ip("address add 10.0.0.2/24 dev d0");
  source->resync();
  BOOST_TEST(until([this] { return recorder.reads == 2; }));
  BOOST_TEST(recorder.story == "v0 v1 complete lost v0 v1 complete ");
  BOOST_TEST(recorder.present[1] == 1U);
  BOOST_TEST(logged("cannot receive from netlink") == 1);
  BOOST_TEST(logged("works again") == 1);
}

BOOST_AUTO_TEST_CASE(tries_again_when_it_cannot_begin,
                     *boost::unit_test::precondition(is_not_sanitized)) {
  network.ip("address add 10.0.0.1/24 dev d0");
  {
    const NoMoreDescriptors starved;
    start(make_topology({{make_vip("10.0.0.1", "d0")}}));
  }
  BOOST_TEST(recorder.story == "lost ");
  BOOST_TEST(logged("cannot open a netlink socket") == 1);
  BOOST_TEST(until([this] { return recorder.reads == 1; }));
  BOOST_TEST(recorder.story == "lost v0 complete ");
  BOOST_TEST(recorder.present[0] == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
