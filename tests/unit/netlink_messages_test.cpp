// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "sources/netlink_messages.hpp"

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

namespace {

using namespace batch_notifier;
using core::AddressEvent;
using core::AddressFamily;
using core::IpAddress;
using core::LinkEvent;
using sources::NetlinkEvent;
using sources::parse_event;

struct MessageDeleter {
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};

/// A message as the kernel would write it.
class Message {
 public:
  template <typename Header>
  Message(int type, const Header& header) : message_(nlmsg_alloc_simple(type, 0)) {
    nlmsg_append(message_.get(), const_cast<Header*>(&header), sizeof(header), NLMSG_ALIGNTO);
  }
  explicit Message(int type) : message_(nlmsg_alloc_simple(type, 0)) {}

  Message& with(int attribute, const std::string& bytes) {
    nla_put(message_.get(), attribute, static_cast<int>(bytes.size()), bytes.data());
    return *this;
  }

  nlmsghdr* header() { return nlmsg_hdr(message_.get()); }
  NetlinkEvent event() { return parse_event(header()); }
  /// The message cut down to its first bytes, with its length set to that.
  NetlinkEvent event_of_first(std::uint32_t length) {
    std::vector<std::uint32_t> copy((length + 3) / 4);
    std::memcpy(copy.data(), header(), length);
    auto* cut = reinterpret_cast<nlmsghdr*>(copy.data());
    cut->nlmsg_len = length;
    return parse_event(cut);
  }

 private:
  std::unique_ptr<nl_msg, MessageDeleter> message_;
};

std::string bytes_of(const std::string& text) {
  std::string bytes(text.find(':') == std::string::npos ? 4 : 16, '\0');
  inet_pton(bytes.size() == 4 ? AF_INET : AF_INET6, text.c_str(), bytes.data());
  return bytes;
}

IpAddress ip(const std::string& text) {
  IpAddress address;
  const std::string bytes = bytes_of(text);
  address.family = bytes.size() == 4 ? AddressFamily::ipv4 : AddressFamily::ipv6;
  std::memcpy(address.bytes.data(), bytes.data(), bytes.size());
  return address;
}

ifaddrmsg address_header(std::uint8_t family, std::uint8_t flags = IFA_F_PERMANENT) {
  ifaddrmsg header{};
  header.ifa_family = family;
  header.ifa_prefixlen = 24;
  header.ifa_flags = flags;
  header.ifa_index = 7;
  return header;
}

ifinfomsg link_header(std::uint8_t family, int ifindex = 7) {
  ifinfomsg header{};
  header.ifi_family = family;
  header.ifi_index = ifindex;
  return header;
}

const std::string eth0("eth0\0", 5);

template <typename Event>
bool is(const NetlinkEvent& event, const Event& expected) {
  const auto* seen = std::get_if<Event>(&event);
  return seen != nullptr && *seen == expected;
}

bool is_nothing(const NetlinkEvent& event) {
  return std::holds_alternative<std::monostate>(event);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(netlink_messages)

BOOST_AUTO_TEST_CASE(ipv4_address) {
  const AddressEvent expected{7, ip("10.0.0.1"), ip("10.0.0.1"), 24, true};
  BOOST_TEST(is(Message(RTM_NEWADDR, address_header(AF_INET))
                    .with(IFA_ADDRESS, bytes_of("10.0.0.1"))
                    .with(IFA_LOCAL, bytes_of("10.0.0.1"))
                    .with(IFA_LABEL, eth0)
                    .event(),
                expected));
}

BOOST_AUTO_TEST_CASE(ipv6_address_has_no_local_attribute) {
  const AddressEvent expected{7, ip("2001:db8::1"), ip("2001:db8::1"), 24, true};
  BOOST_TEST(is(Message(RTM_NEWADDR, address_header(AF_INET6))
                    .with(IFA_ADDRESS, bytes_of("2001:db8::1"))
                    .event(),
                expected));
}

BOOST_AUTO_TEST_CASE(the_own_end_of_a_peer_address_counts) {
  for (const auto& [own, peer] : {std::pair("10.0.0.1", "10.9.0.1"), {"fe80::1", "fe80::2"}}) {
    const auto family = static_cast<std::uint8_t>(std::strchr(own, ':') ? AF_INET6 : AF_INET);
    BOOST_TEST(is(Message(RTM_NEWADDR, address_header(family))
                      .with(IFA_ADDRESS, bytes_of(peer))
                      .with(IFA_LOCAL, bytes_of(own))
                      .event(),
                  AddressEvent{7, ip(own), ip(peer), 24, true}));
  }
}

BOOST_AUTO_TEST_CASE(presence_of_an_address) {
  struct Row {
    int type;
    std::uint8_t flags;
    bool present;
  };
  for (const Row& row :
       {Row{RTM_NEWADDR, 0, true}, Row{RTM_NEWADDR, IFA_F_PERMANENT | IFA_F_SECONDARY, true},
        Row{RTM_NEWADDR, IFA_F_TENTATIVE, true}, Row{RTM_NEWADDR, IFA_F_DEPRECATED, true},
        Row{RTM_NEWADDR, IFA_F_TENTATIVE | IFA_F_DADFAILED, false},
        Row{RTM_DELADDR, IFA_F_PERMANENT, false}}) {
    const AddressEvent expected{7, ip("fe80::1"), ip("fe80::1"), 24, row.present};
    BOOST_TEST_INFO("type " << row.type << ", flags " << int{row.flags});
    BOOST_TEST(is(Message(row.type, address_header(AF_INET6, row.flags))
                      .with(IFA_ADDRESS, bytes_of("fe80::1"))
                      .event(),
                  expected));
  }
}

BOOST_AUTO_TEST_CASE(links) {
  BOOST_TEST(is(Message(RTM_NEWLINK, link_header(AF_UNSPEC)).with(IFLA_IFNAME, eth0).event(),
                LinkEvent{7, "eth0", true}));
  BOOST_TEST(is(Message(RTM_DELLINK, link_header(AF_UNSPEC)).with(IFLA_IFNAME, eth0).event(),
                LinkEvent{7, "eth0", false}));
  BOOST_TEST(is(Message(RTM_DELLINK, link_header(AF_UNSPEC)).event(), LinkEvent{7, "", false}));
}

BOOST_AUTO_TEST_CASE(a_link_runs_when_it_is_up_and_has_carrier) {
  for (const unsigned flags :
       {0U, unsigned{IFF_UP}, unsigned{IFF_RUNNING}, unsigned{IFF_UP | IFF_RUNNING}}) {
    ifinfomsg header = link_header(AF_UNSPEC);
    header.ifi_flags = flags;
    BOOST_TEST_INFO("flags " << flags);
    BOOST_TEST(is(Message(RTM_NEWLINK, header).with(IFLA_IFNAME, eth0).event(),
                  LinkEvent{7, "eth0", true, flags == (IFF_UP | IFF_RUNNING)}));
  }
}

BOOST_AUTO_TEST_CASE(names_without_an_end_are_cut) {
  const std::string endless(100, 'x');
  BOOST_TEST(is(Message(RTM_NEWLINK, link_header(AF_UNSPEC)).with(IFLA_IFNAME, endless).event(),
                LinkEvent{7, std::string(IFNAMSIZ, 'x'), true}));
  BOOST_TEST(is(Message(RTM_NEWLINK, link_header(AF_UNSPEC)).with(IFLA_IFNAME, "eth0").event(),
                LinkEvent{7, "eth0", true}));
}

BOOST_AUTO_TEST_CASE(a_port_that_leaves_its_bridge_is_no_link_removed) {
  BOOST_TEST(
      is_nothing(Message(RTM_DELLINK, link_header(AF_BRIDGE)).with(IFLA_IFNAME, eth0).event()));
}

BOOST_AUTO_TEST_CASE(other_messages_give_nothing) {
  for (const int type : {NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE, int{RTM_NEWROUTE}, 0xffff}) {
    BOOST_TEST(is_nothing(
        Message(type, address_header(AF_INET)).with(IFA_LOCAL, bytes_of("10.0.0.1")).event()));
  }
}

BOOST_AUTO_TEST_CASE(damaged_messages_give_nothing) {
  const std::string good = bytes_of("10.0.0.1");
  BOOST_TEST(is_nothing(Message(RTM_NEWADDR).event()));
  BOOST_TEST(is_nothing(Message(RTM_NEWLINK).event()));
  BOOST_TEST(is_nothing(Message(RTM_NEWADDR, address_header(AF_INET)).event()));
  BOOST_TEST(
      is_nothing(Message(RTM_NEWADDR, address_header(AF_UNIX)).with(IFA_LOCAL, good).event()));
  BOOST_TEST(
      is_nothing(Message(RTM_NEWADDR, address_header(AF_INET6)).with(IFA_LOCAL, good).event()));
  BOOST_TEST(is_nothing(
      Message(RTM_NEWADDR, address_header(AF_INET)).with(IFA_LOCAL, good + "x").event()));
  BOOST_TEST(is_nothing(Message(RTM_NEWADDR, address_header(AF_INET)).with(IFA_LOCAL, "").event()));
  BOOST_TEST(is_nothing(Message(RTM_NEWLINK, link_header(AF_UNSPEC)).event()));
  BOOST_TEST(
      is_nothing(Message(RTM_NEWLINK, link_header(AF_UNSPEC)).with(IFLA_IFNAME, "").event()));
  for (const int ifindex : {0, -1, INT_MIN}) {
    BOOST_TEST(is_nothing(
        Message(RTM_NEWLINK, link_header(AF_UNSPEC, ifindex)).with(IFLA_IFNAME, eth0).event()));
  }
}

BOOST_AUTO_TEST_CASE(truncated_messages_give_nothing_or_the_same) {
  Message message(RTM_NEWADDR, address_header(AF_INET));
  message.with(IFA_LOCAL, bytes_of("10.0.0.1")).with(IFA_ADDRESS, bytes_of("10.0.0.1"));
  const std::uint32_t first_attribute_end = NLMSG_HDRLEN + sizeof(ifaddrmsg) + 8;
  const std::uint32_t length = message.header()->nlmsg_len;
  BOOST_TEST(length > first_attribute_end);
  for (std::uint32_t cut = NLMSG_HDRLEN; cut <= length; ++cut) {
    BOOST_TEST_INFO("cut to " << cut);
    if (cut < first_attribute_end) {
      BOOST_TEST(is_nothing(message.event_of_first(cut)));
    } else {
      BOOST_TEST(is(message.event_of_first(cut),
                    AddressEvent{7, ip("10.0.0.1"), ip("10.0.0.1"), 24, true}));
    }
  }
}

BOOST_AUTO_TEST_CASE(garbage_does_no_harm) {
  std::minstd_rand random(20260801);
  unsigned understood = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::uint32_t> words(NLMSG_HDRLEN / 4 + random() % 24);
    for (std::uint32_t& word : words) {
      word = static_cast<std::uint32_t>(random());
    }
    auto* message = reinterpret_cast<nlmsghdr*>(words.data());
    message->nlmsg_len = static_cast<std::uint32_t>(words.size() * 4);
    message->nlmsg_type = static_cast<std::uint16_t>(RTM_NEWLINK + random() % 8);
    understood += is_nothing(parse_event(message)) ? 0U : 1U;
    BOOST_TEST_REQUIRE(sources::parse_error(message) >= 0);
  }
  // A DELLINK needs no more than an index, so some garbage has a meaning; most has none.
  BOOST_TEST(understood < 2000);
}

BOOST_AUTO_TEST_CASE(errors) {
  struct Row {
    int code;
    int error;
  };
  for (const Row& row : {Row{0, 0}, Row{-ENOBUFS, ENOBUFS}, Row{17, 0}, Row{INT_MIN, EBADMSG}}) {
    Message message(NLMSG_DONE, row.code);
    BOOST_TEST(sources::parse_error(message.header()) == row.error);
  }
  BOOST_TEST(sources::parse_error(Message(NLMSG_DONE).header()) == EBADMSG);
}

BOOST_AUTO_TEST_SUITE_END()
