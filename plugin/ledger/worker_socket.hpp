// SPDX-License-Identifier: MIT
/// @file
/// Sockets by which the workers of one user find each other without a directory: abstract UNIX
/// addresses, which need no file system and go with their process, in the network namespace that
/// all loaders of one keepalived share. Any user can connect to such an address or occupy it, so
/// both sides look at the other's user before anything is read, and there are several addresses
/// (slots): a worker listens at the first that is free and looks for others at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/unique_fd.hpp"

namespace batch_notifier::ledger {

/// How many addresses there are for one place.
inline constexpr int worker_slots = 16;

/// How many files one message can bring; more are dropped.
inline constexpr std::size_t most_files = 3;

/// One message.
struct WorkerMessage {
  std::string text;                      ///< Its words; never empty.
  std::vector<runtime::UniqueFd> files;  ///< What came with it.
};

/// What one attempt to receive gave.
struct Received {
  /// Its kinds.
  enum class Kind : std::uint8_t {
    message,  ///< See `message`.
    nothing,  ///< No message waits.
    closed,   ///< The other side has ended.
  };

  Kind kind = Kind::nothing;  ///< Which of them.
  WorkerMessage message;      ///< Its contents.
};

/// Listens at one slot of `place`, any text. None if the slot is occupied. Throws
/// std::system_error.
runtime::UniqueFd listen_at(std::string_view place, int slot);

/// What became of a connection.
struct WorkerConnection {
  runtime::UniqueFd socket;  ///< None where there is no worker of this user.
  bool busy = false;         ///< The listener's queue is full: to be tried again.
  bool foreign = false;      ///< Another user's process listens there.
};

/// Connects to the worker at one slot of `place`. Throws std::system_error.
WorkerConnection connect_to(std::string_view place, int slot);

/// The next connection to a listening socket. None, neither busy nor foreign, if no more waits.
/// Throws std::system_error.
WorkerConnection accept_from(const runtime::UniqueFd& listener);

/// Sends a message, without blocking; false if that is not possible.
bool send_message(const runtime::UniqueFd& socket, std::string_view text,
                  const std::vector<const runtime::UniqueFd*>& files = {});

/// The next message.
Received receive_message(const runtime::UniqueFd& socket);

/// Reads a file of make_sealed_input() from its beginning. Nothing if it is not one: any other file
/// could block or change.
std::optional<std::string> read_sealed(const runtime::UniqueFd& file);

/// Whether it is the reading end of a FIFO or pipe, and a read never blocks.
bool is_fifo_to_read(const runtime::UniqueFd& file);

}  // namespace batch_notifier::ledger
