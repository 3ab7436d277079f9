// SPDX-License-Identifier: MIT
#include "ledger/worker_socket.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace batch_notifier::ledger {

namespace {

using runtime::UniqueFd;

constexpr int queue_length = 16;
constexpr std::size_t longest_message = 256;
constexpr off_t longest_file = off_t{1} << 30U;

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// FNV-1a: paths are longer than an address can be. It must be the same in every version.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : text) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  }
  return hash;
}

/// An abstract address: it begins with a NUL byte, and its length counts.
struct Address {
  Address(std::string_view place, int slot) {
    const std::string name = "keepalived-batch-notifier/" + std::to_string(geteuid()) + "/" +
                             std::to_string(hash_of(place)) + "/" + std::to_string(slot);
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }

  sockaddr_un address{};
  socklen_t size = 0;
};

UniqueFd make_socket() {
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) {
    throw_errno("cannot make a socket");
  }
  return socket;
}

/// Whether the process at the other end is this user's.
bool is_own(const UniqueFd& socket) {
  ucred other{};
  socklen_t size = sizeof(other);
  return getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &other, &size) == 0 &&
         other.uid == geteuid();
}

WorkerConnection checked(UniqueFd socket) {
  WorkerConnection connection;
  if (is_own(socket)) {
    connection.socket = std::move(socket);
  } else {
    connection.foreign = true;
  }
  return connection;
}

using Control = std::array<char, CMSG_SPACE(most_files * sizeof(int))>;

std::vector<UniqueFd> files_in(msghdr& header) {
  std::vector<UniqueFd> files;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS) {
      const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      std::array<int, most_files> numbers{};
      std::memcpy(numbers.data(), CMSG_DATA(part), std::min(count, most_files) * sizeof(int));
      for (std::size_t index = 0; index < std::min(count, most_files); ++index) {
        files.emplace_back(numbers.at(index));
      }
    }
  }
  return files;
}

}  // namespace

UniqueFd listen_at(std::string_view place, int slot) {
  UniqueFd socket = make_socket();
  const Address address(place, slot);
  if (bind(socket.get(), address.get(), address.size) != 0) {
    if (errno == EADDRINUSE) {
      return {};
    }
    throw_errno("cannot bind a socket");
  }
  if (listen(socket.get(), queue_length) != 0) {
    throw_errno("cannot listen on a socket");
  }
  return socket;
}

WorkerConnection connect_to(std::string_view place, int slot) {
  UniqueFd socket = make_socket();
  const Address address(place, slot);
  if (connect(socket.get(), address.get(), address.size) != 0) {
    WorkerConnection none;
    none.busy = errno == EAGAIN;
    return none;
  }
  return checked(std::move(socket));
}

WorkerConnection accept_from(const UniqueFd& listener) {
  UniqueFd socket(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
      throw_errno("cannot accept a connection");
    }
    return {};
  }
  return checked(std::move(socket));
}

bool send_message(const UniqueFd& socket, std::string_view text,
                  const std::vector<const UniqueFd*>& files) {
  iovec words{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) Control control{};
  msghdr header{};
  header.msg_iov = &words;
  header.msg_iovlen = 1;
  if (!files.empty()) {
    std::array<int, most_files> numbers{};
    const std::size_t count = std::min(files.size(), most_files);
    for (std::size_t index = 0; index < count; ++index) {
      numbers.at(index) = files[index]->get();
    }
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* const part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(count * sizeof(int));
    std::memcpy(CMSG_DATA(part), numbers.data(), count * sizeof(int));
  }
  return sendmsg(socket.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(text.size());
}

Received receive_message(const UniqueFd& socket) {
  Received received;
  std::array<char, longest_message> buffer{};
  iovec words{buffer.data(), buffer.size()};
  alignas(cmsghdr) Control control{};
  msghdr header{};
  header.msg_iov = &words;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  // Not its size, which is padded: a file in the padding would come and never be closed.
  header.msg_controllen = CMSG_LEN(most_files * sizeof(int));
  ssize_t size = recvmsg(socket.get(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0 && errno == ECONNRESET) {
    // The other side has ended without reading everything. This is told once, and before what it
    // had sent.
    size = recvmsg(socket.get(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  }
  if (size > 0) {
    received.kind = Received::Kind::message;
    received.message.text.assign(buffer.data(), static_cast<std::size_t>(size));
    received.message.files = files_in(header);
  } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
    received.kind = Received::Kind::closed;
  }
  return received;
}

std::optional<std::string> read_sealed(const UniqueFd& file) {
  constexpr int wanted = F_SEAL_WRITE | F_SEAL_SHRINK;
  struct stat status {};
  const int seals = fcntl(file.get(), F_GET_SEALS);
  if (seals < 0 || (seals & wanted) != wanted || fstat(file.get(), &status) != 0 ||
      status.st_size > longest_file) {
    return std::nullopt;
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t read = 0;
  while (read < text.size()) {
    const ssize_t size =
        pread(file.get(), text.data() + read, text.size() - read, static_cast<off_t>(read));
    if (size <= 0) {
      return std::nullopt;
    }
    read += static_cast<std::size_t>(size);
  }
  return text;
}

bool is_fifo_to_read(const UniqueFd& file) {
  struct stat status {};
  const int flags = fcntl(file.get(), F_GETFL);
  return fstat(file.get(), &status) == 0 && S_ISFIFO(status.st_mode) && flags >= 0 &&
         (flags & O_ACCMODE) == O_RDONLY && (flags & O_NONBLOCK) != 0;
}

}  // namespace batch_notifier::ledger
