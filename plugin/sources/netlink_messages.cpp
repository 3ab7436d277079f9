// SPDX-License-Identifier: MIT
#include "sources/netlink_messages.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

namespace batch_notifier::sources {

namespace {

constexpr std::size_t ipv4_length = 4;
constexpr std::size_t ipv6_length = 16;
constexpr int largest_errno = 4095;

std::size_t length_of(const nlattr* attribute) {
  return static_cast<std::size_t>(nla_len(attribute));
}

std::optional<core::IpAddress> read_address(core::AddressFamily family, const nlattr* attribute) {
  const std::size_t length = family == core::AddressFamily::ipv4 ? ipv4_length : ipv6_length;
  if (attribute == nullptr || length_of(attribute) != length) {
    return std::nullopt;
  }
  core::IpAddress address;
  address.family = family;
  std::memcpy(address.bytes.data(), nla_data(attribute), length);
  return address;
}

NetlinkEvent parse_link(nlmsghdr* message) {
  if (nlmsg_valid_hdr(message, sizeof(ifinfomsg)) == 0) {
    return {};
  }
  const auto* header = static_cast<const ifinfomsg*>(nlmsg_data(message));
  // A bridge reports its ports under its own family: a port that leaves the bridge is not a removed
  // link.
  if (header->ifi_family != AF_UNSPEC || header->ifi_index <= 0) {
    return {};
  }
  core::LinkEvent event;
  event.ifindex = static_cast<std::uint32_t>(header->ifi_index);
  event.present = message->nlmsg_type == RTM_NEWLINK;
  constexpr unsigned running = IFF_UP | IFF_RUNNING;
  event.running = event.present && (header->ifi_flags & running) == running;
  const nlattr* name = nlmsg_find_attr(message, sizeof(ifinfomsg), IFLA_IFNAME);
  if (name != nullptr) {
    const auto* text = static_cast<const char*>(nla_data(name));
    event.name.assign(text, strnlen(text, std::min<std::size_t>(length_of(name), IFNAMSIZ)));
  }
  if (event.name.empty() && event.present) {
    return {};
  }
  return event;
}

NetlinkEvent parse_address(nlmsghdr* message) {
  if (nlmsg_valid_hdr(message, sizeof(ifaddrmsg)) == 0) {
    return {};
  }
  const auto* header = static_cast<const ifaddrmsg*>(nlmsg_data(message));
  if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6) {
    return {};
  }
  const auto family =
      header->ifa_family == AF_INET ? core::AddressFamily::ipv4 : core::AddressFamily::ipv6;
  // With a peer, IFA_ADDRESS is the peer's; without one IPv6 has no IFA_LOCAL.
  const auto far = read_address(family, nlmsg_find_attr(message, sizeof(ifaddrmsg), IFA_ADDRESS));
  const auto local = read_address(family, nlmsg_find_attr(message, sizeof(ifaddrmsg), IFA_LOCAL));
  if (!local && !far) {
    return {};
  }
  core::AddressEvent event;
  event.ifindex = header->ifa_index;
  event.address = local ? *local : *far;
  event.peer = far ? *far : *local;
  event.prefix_length = header->ifa_prefixlen;
  event.present = message->nlmsg_type == RTM_NEWADDR && (header->ifa_flags & IFA_F_DADFAILED) == 0;
  return event;
}

}  // namespace

NetlinkEvent parse_event(nlmsghdr* message) {
  switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return parse_link(message);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return parse_address(message);
    default:
      return {};
  }
}

bool apply_event(nlmsghdr* message, core::VipTable& table) {
  const NetlinkEvent event = parse_event(message);
  // From the kernel, only replies to a dump are in several parts.
  const auto origin =
      (message->nlmsg_flags & NLM_F_MULTI) != 0 ? core::Origin::dump : core::Origin::notification;
  if (const auto* link = std::get_if<core::LinkEvent>(&event)) {
    table.apply(*link, origin);
  } else if (const auto* address = std::get_if<core::AddressEvent>(&event)) {
    table.apply(*address, origin);
  }
  return !std::holds_alternative<std::monostate>(event);
}

int parse_error(nlmsghdr* message) {
  int code = 0;
  if (nlmsg_valid_hdr(message, sizeof(code)) == 0) {
    return EBADMSG;
  }
  std::memcpy(&code, nlmsg_data(message), sizeof(code));
  if (code < -largest_errno) {
    return EBADMSG;
  }
  return code < 0 ? -code : 0;
}

}  // namespace batch_notifier::sources
