// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "sources/netlink_source.hpp"

#include <poll.h>

#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/resource.h>

#include "tests/support/network_namespace.hpp"
#include "tests/support/process.hpp"
#include "tests/support/wait.hpp"

namespace {

using namespace batch_notifier;
using core::Counter;

core::VirtualAddress vip(const std::string& text, const std::string& interface) {
  core::VirtualAddress made;
  const bool is_ipv6 = text.find(':') != std::string::npos;
  made.address.family = is_ipv6 ? core::AddressFamily::ipv6 : core::AddressFamily::ipv4;
  inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text.c_str(), made.address.bytes.data());
  made.interface = interface;
  return made;
}

/// One instance for each entry, with VIPs on interfaces.
core::Topology topology(const std::vector<std::vector<core::VirtualAddress>>& instances) {
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
class Recorder : public core::ObservationSink {
 public:
  void observe(const core::Observation& observation) override {
    if (const auto* vips = std::get_if<core::VipsSeen>(&observation)) {
      present[vips->instance] = vips->present;
      first[vips->instance] = vips->first_present;
      story += "v" + std::to_string(vips->instance) + " ";
    } else if (std::holds_alternative<core::KernelReadComplete>(observation)) {
      ++reads;
      story += "complete ";
    } else if (std::holds_alternative<core::KernelLost>(observation)) {
      story += "lost ";
    }
  }

  std::map<core::InstanceIndex, std::uint32_t> present;
  std::map<core::InstanceIndex, bool> first;
  int reads = 0;
  std::string story;
};

class RecordingLog : public runtime::Log {
 public:
  void write(runtime::Severity /*severity*/, const std::string& message) noexcept override {
    lines.push_back(message);
  }

  /// How many lines contain the text.
  [[nodiscard]] int count(const std::string& text) const {
    int found = 0;
    for (const std::string& line : lines) {
      found += line.find(text) != std::string::npos ? 1 : 0;
    }
    return found;
  }

  std::vector<std::string> lines;
};

/// A source in a namespace with one pair of interfaces, d0 and p0.
struct Bench {
  Bench() { network.add_veth("d0", "p0"); }

  void start(const core::Topology& configured,
             int receive_buffer = sources::NetlinkSource::default_receive_buffer) {
    source = std::make_unique<sources::NetlinkSource>(loop, log, statistics, configured, recorder,
                                                      receive_buffer);
    source->start();
  }

  void start_and_read(const core::Topology& configured) {
    start(configured);
    BOOST_TEST_REQUIRE(until([this] { return recorder.reads == 1; }));
  }

  template <typename Condition>
  bool until(Condition condition) {
    return tests::wait_until([this, &condition] {
      loop.dispatch();
      return condition();
    });
  }

  /// Whether an instance comes to have so many VIPs.
  bool comes_to(core::InstanceIndex instance, std::uint32_t present) {
    return until([=, this] { return recorder.present[instance] == present; });
  }

  tests::NetworkNamespace network;
  tests::NetworkNamespace::Stay stay{network};
  runtime::EventLoop loop;
  RecordingLog log;
  core::Statistics statistics;
  Recorder recorder;
  std::unique_ptr<sources::NetlinkSource> source;
};

const std::string address_of(int number) {
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
std::set<std::string> kernel_addresses(const tests::NetworkNamespace& network) {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.file("addresses");
  tests::Process listing({"ip", "-n", network.name(), "-4", "-o", "address", "show", "dev", "d0"},
                         path);
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
  const core::VirtualAddress address = vip("10.0.0.1", "d0");
  nla_put(message.get(), IFA_LOCAL, 4, address.address.bytes.data());
  nla_put(message.get(), IFA_LABEL, static_cast<int>(padding), std::string(padding, 'x').data());
  BOOST_TEST_REQUIRE(nl_send(socket.get(), message.get()) > 0);
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

BOOST_FIXTURE_TEST_SUITE(netlink_source, Bench)

BOOST_AUTO_TEST_CASE(reads_what_is_there_and_tells_all_of_it_first) {
  network.ip("address add 10.0.0.1/24 dev d0");
  network.ip("address add 2001:db8::1/64 dev d0 nodad");
  core::Topology configured =
      topology({{vip("10.0.0.1", "d0"), vip("2001:db8::1", "d0"), vip("10.0.0.2", "d0")},
                {vip("10.0.0.1", "p0")},
                {},
                {vip("10.0.0.1", "d0")}});
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
  start_and_read(topology({{vip("10.0.0.1", "d0"), vip("10.0.0.2", "d0")},
                           {vip("2001:db8::1", "d0")},
                           {vip("10.0.0.3", "d0")}}));
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
  start_and_read(topology({{vip("10.0.0.1", "d0")}, {vip("10.0.0.1", "vrrp.51")}}));
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
  const tests::NetworkNamespace elsewhere;
  network.ip("link set d0 netns " + elsewhere.name());
  BOOST_TEST(comes_to(0, 0));
  BOOST_TEST(recorder.reads == 1);
}

BOOST_AUTO_TEST_CASE(an_address_that_is_in_use_elsewhere_is_not_present) {
  network.ip("address add 2001:db8::1/64 dev p0 nodad");
  network.ip("address add 2001:db8::1/64 dev d0");
  const tests::TemporaryDirectory directory;
  BOOST_TEST_REQUIRE(tests::wait_until([&] {
    const std::string path = directory.file("failed");
    tests::write_file(path, "");
    tests::Process({"ip", "-6", "-o", "address", "show", "dev", "d0", "dadfailed"}, path).wait();
    return tests::read_file(path).find("2001:db8::1") != std::string::npos;
  }));
  start_and_read(topology({{vip("2001:db8::1", "d0")}, {vip("2001:db8::1", "p0")}}));
  BOOST_TEST(recorder.present[0] == 0U);
  BOOST_TEST(recorder.present[1] == 1U);
}

BOOST_AUTO_TEST_CASE(reads_again_when_asked_and_tells_what_differs) {
  start_and_read(topology({{vip("10.0.0.1", "d0")}, {vip("10.0.0.2", "d0")}}));
  source->resync();
  BOOST_TEST(until([this] { return recorder.reads == 2; }));
  BOOST_TEST(recorder.story == "v0 v1 complete complete ");
  network.ip("address add 10.0.0.2/24 dev d0");
  source->resync();
  BOOST_TEST(until([this] { return recorder.reads == 3; }));
  BOOST_TEST(recorder.story == "v0 v1 complete complete v1 complete ");
}

BOOST_AUTO_TEST_CASE(is_silent_while_nothing_happens) {
  start_and_read(topology({{vip("10.0.0.1", "d0")}}));
  source->resync();
  BOOST_TEST(until([this] { return recorder.reads == 2; }));
  // IPv6 settles the new interfaces' own addresses within seconds.
  pollfd descriptor{loop.fd(), POLLIN, 0};
  BOOST_TEST(until([&] { return poll(&descriptor, 1, 1500) == 0; }));
}

BOOST_AUTO_TEST_CASE(an_overrun_is_counted_and_made_good) {
  constexpr int count = 4000;
  std::vector<std::vector<core::VirtualAddress>> instances;
  instances.reserve(count);
  for (int number = 0; number < count; ++number) {
    instances.push_back({vip(address_of(number), "d0")});
  }
  start(topology(instances), /*receive_buffer=*/4096);
  BOOST_TEST_REQUIRE(until([this] { return recorder.reads == 1; }));
  BOOST_TEST(statistics.value(Counter::netlink_overruns) == 0U);

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
  const std::uint64_t overruns = statistics.value(Counter::netlink_overruns);
  BOOST_TEST(overruns > 0U);
  BOOST_TEST(log.count("more came than could be queued") == 1);

  // … and during these the source does what it can.
  const tests::TemporaryDirectory directory;
  tests::write_file(directory.file("batch"), change("del", 3000, 4000) + change("add", 1000, 2500) +
                                                 change("del", 500, 1500));
  tests::Process changes({"ip", "-n", network.name(), "-batch", directory.file("batch")});
  BOOST_TEST(until([&] { return !changes.running(); }));
  const std::set<std::string> after_second = kernel_addresses(network);
  BOOST_TEST(after_second.size() == 1500U);
  BOOST_TEST(until([&] { return told_equals_kernel(after_second); }));
  BOOST_TEST(recorder.story.find("lost") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(believes_nobody_but_the_kernel) {
  start_and_read(topology({{vip("10.0.0.1", "d0")}, {vip("10.0.0.2", "d0")}}));
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
  BOOST_TEST(log.count("not from the kernel") == 1);
}

BOOST_AUTO_TEST_CASE(tries_again_when_it_cannot_begin) {
  network.ip("address add 10.0.0.1/24 dev d0");
  {
    const NoMoreDescriptors starved;
    start(topology({{vip("10.0.0.1", "d0")}}));
  }
  BOOST_TEST(recorder.story == "lost ");
  BOOST_TEST(log.count("cannot open a netlink socket") == 1);
  BOOST_TEST(until([this] { return recorder.reads == 1; }));
  BOOST_TEST(recorder.story == "lost v0 complete ");
  BOOST_TEST(recorder.present[0] == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
