// SPDX-License-Identifier: MIT
#include "sources/netlink_socket.hpp"

#include <stdexcept>
#include <string>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/rtnl.h>
#include <netlink/socket.h>
#include <sys/socket.h>

namespace batch_notifier::sources {

namespace {

// The kernel fills at most so much of a buffer in a dump, and no notification comes near it.
constexpr std::size_t datagram_size = 32768;

void check(int result, const char* what) {
  if (result < 0) {
    throw std::runtime_error(std::string(what) + ": " + nl_geterror(result));
  }
}

// Past the system's limit (net.core.rmem_max) where that is allowed.
void set_receive_buffer(int fd, int bytes) {
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
  }
}

}  // namespace

void NetlinkSocket::SocketDeleter::operator()(nl_sock* socket) const noexcept {
  nl_socket_free(socket);
}

NetlinkSocket::NetlinkSocket(int receive_buffer) : socket_(nl_socket_alloc()) {
  if (!socket_) {
    throw std::runtime_error("cannot allocate a netlink socket");
  }
  nl_sock* socket = socket_.get();
  nl_socket_disable_seq_check(socket);
  nl_socket_disable_auto_ack(socket);
  check(nl_connect(socket, NETLINK_ROUTE), "cannot open a netlink socket");
  check(nl_socket_set_nonblocking(socket), "cannot make a netlink socket non-blocking");
  // With a size of its own libnl does not look at each datagram twice.
  check(nl_socket_set_msg_buf_size(socket, datagram_size), "cannot size netlink messages");
  set_receive_buffer(fd(), receive_buffer);
  check(nl_socket_add_memberships(socket, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                  RTNLGRP_NONE),
        "cannot subscribe to netlink");
}

int NetlinkSocket::fd() const {
  return nl_socket_get_fd(socket_.get());
}

void NetlinkSocket::request_dump(int message_type) {
  check(nl_rtgen_request(socket_.get(), message_type, AF_UNSPEC, NLM_F_DUMP),
        "cannot ask netlink for all links or addresses");
}

Received NetlinkSocket::receive() {
  Received received;
  sockaddr_nl sender{};
  unsigned char* bytes = nullptr;
  const int result = nl_recv(socket_.get(), &sender, &bytes, nullptr);
  received.datagram.messages.reset(bytes);
  received.datagram.sender = sender.nl_pid;
  if (result == -NLE_AGAIN) {
    return received;
  }
  if (result == -NLE_NOMEM) {
    received.kind = Received::Kind::overrun;
    return received;
  }
  received.kind = Received::Kind::datagram;
  if (result == -NLE_MSG_TRUNC && sender.nl_pid != 0) {
    return received;
  }
  check(result, "cannot receive from netlink");
  received.datagram.size = result;
  return received;
}

}  // namespace batch_notifier::sources
