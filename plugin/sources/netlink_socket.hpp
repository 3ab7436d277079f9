// SPDX-License-Identifier: MIT
/// @file
/// One rtnetlink socket for both asking and listening. As the kernel queues replies and
/// notifications on it in one line, neither can overtake the other on the way to us.
///
/// Datagrams are read with nl_recv() and not by way of libnl's callbacks: so the sender of each is
/// checked before its content is used, each read is one system call, and no exception passes
/// through C code.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>

struct nl_sock;

namespace batch_notifier::sources {

/// Owner of memory that a C library allocated.
struct FreeDeleter {
  /// Frees it.
  void operator()(void* memory) const noexcept { std::free(memory); }
};

/// One datagram.
struct Datagram {
  std::uint32_t sender = 0;  ///< Port of the sender; 0 is the kernel.
  /// Netlink messages, one after the other; empty if this is not from the kernel and too long.
  std::unique_ptr<unsigned char, FreeDeleter> messages;
  int size = 0;  ///< Bytes in `messages`.
};

/// What came of an attempt to receive.
struct Received {
  /// What there was.
  enum class Kind : std::uint8_t {
    datagram,  ///< One was taken.
    nothing,   ///< The queue is empty.
    overrun,   ///< Notifications were lost. The queue still holds those from before the loss, and
               ///< until it has been emptied the kernel adds no more to it.
  };
  Kind kind = Kind::nothing;  ///< What there was.
  Datagram datagram;          ///< Filled in for `datagram` only.
};

/// Hears of every change to links and addresses in the network namespace that it was opened in.
class NetlinkSocket {
 public:
  /// Opens and subscribes; never blocks afterwards. `receive_buffer` is in bytes; without
  /// CAP_NET_ADMIN the kernel may grant less. Throws std::runtime_error.
  explicit NetlinkSocket(int receive_buffer);

  /// Readable when there is something to receive.
  [[nodiscard]] int fd() const;

  /// Asks for all links (RTM_GETLINK) or all addresses of all families (RTM_GETADDR). Only after
  /// the answer to an earlier request has come in full. Throws std::runtime_error.
  void request_dump(int message_type);

  /// Takes one datagram, if there is one. Throws std::runtime_error when the socket fails.
  Received receive();

 private:
  struct SocketDeleter {
    void operator()(nl_sock* socket) const noexcept;
  };

  std::unique_ptr<nl_sock, SocketDeleter> socket_;
};

}  // namespace batch_notifier::sources
