// SPDX-License-Identifier: MIT
/// @file
/// Netlink messages, turned into values and nothing else: no socket, no state, so that every
/// message can be tried in a test or a fuzzer. The few attributes that matter are looked up one by
/// one; libnl-route's objects decode all of them, which costs eight times as much per address and
/// fails as a whole on one attribute that it does not like.
#pragma once

#include <variant>

#include "core/vip_table.hpp"

struct nlmsghdr;

namespace batch_notifier::sources {

/// The content of a message; nothing if it is of another kind or damaged.
using NetlinkEvent = std::variant<std::monostate, core::LinkEvent, core::AddressEvent>;

/// Reads an RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR or RTM_DELADDR. All nlmsg_len bytes from
/// `message` on must be readable, as after nlmsg_ok(); apart from that its content may be anything.
///
/// An IPv6 address that failed duplicate detection is not present, since the host does not use it;
/// one that is still under test (tentative) is, since keepalived has put it there.
NetlinkEvent parse_event(nlmsghdr* message);

/// Applies a message to `table`. False if there is nothing in it for the table.
bool apply_event(nlmsghdr* message, core::VipTable& table);

/// The error that an NLMSG_ERROR or NLMSG_DONE carries, as a positive errno value; 0 for none.
/// EBADMSG when it carries no valid one.
int parse_error(nlmsghdr* message);

}  // namespace batch_notifier::sources
