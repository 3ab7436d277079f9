// SPDX-License-Identifier: MIT
/// @file
/// The open notify FIFO: which files are accepted as one, how much room the pipe has, and whether
/// lines may have been dropped. keepalived drops lines without an error when the pipe is full.
/// Whether it did cannot be seen, but whether it may have can: the pipe is nearly full.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/file_identity.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::sources {

/// The file at the path is there but must not be read; what() is the reason, without the path.
class FifoRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What one read gave.
struct FifoRead {
  /// Its kinds.
  enum class Kind : std::uint8_t {
    bytes,   ///< Bytes, at least one.
    empty,   ///< The pipe is empty, and somebody has it open for writing.
    end,     ///< The pipe is empty, and nobody has it open for writing.
    failed,  ///< See `error`.
  };

  Kind kind = Kind::empty;  ///< Which of them.
  std::string_view bytes;   ///< Valid until the next read.
  int error = 0;            ///< errno.
};

/// The reading end of a FIFO, or nothing. Never blocks.
class FifoPipe {
 public:
  /// Nothing.
  FifoPipe() = default;

  /// Opens the FIFO at `path` and enlarges its pipe. Throws std::system_error when it cannot be
  /// opened, FifoRefused when it is not a FIFO that only root or this user can write.
  explicit FifoPipe(const std::string& path);

  /// The same with a FIFO that is open for reading and does not block.
  explicit FifoPipe(runtime::UniqueFd fifo);

  /// Whether there is one.
  explicit operator bool() const { return static_cast<bool>(fd_); }

  /// Its descriptor, for an event loop; -1 for none.
  [[nodiscard]] int fd() const { return fd_.get(); }

  /// The path by which it was opened, with " (deleted)" behind it where that names it no more; for
  /// messages. Empty where that cannot be known.
  [[nodiscard]] std::string path() const;

  /// Gives the descriptor away; there is none any more.
  runtime::UniqueFd release() { return std::exchange(fd_, {}); }

  /// Which file it is, see runtime::file_identity().
  [[nodiscard]] std::string identity() const { return runtime::file_identity(fd_); }

  /// Whether its pipe is one that a FifoPipe has read before this one: those are enlarged, and a
  /// pipe that every process has closed in between is a new one of the usual size, with nothing in
  /// it. False where that cannot be known.
  [[nodiscard]] bool was_read_before() const { return was_read_before_; }

  /// Whether it is the file at `path` now.
  [[nodiscard]] bool is_at(const std::string& path) const;

  /// Bytes that wait in the pipe.
  [[nodiscard]] std::size_t waiting() const;

  /// Bytes that the pipe has room for.
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  /// How many reads empty a full pipe.
  [[nodiscard]] std::size_t reads_to_empty() const { return capacity_ / read_size + 1; }

  /// Whether what waits is so much that keepalived may have found the pipe full.
  [[nodiscard]] bool may_have_been_full() const;

  /// Reads at most 64 KiB.
  FifoRead read();

 private:
  static constexpr std::size_t read_size = 65'536;

  runtime::UniqueFd fd_;
  std::size_t capacity_ = 0;
  bool was_read_before_ = false;
  std::vector<char> buffer_;
};

}  // namespace batch_notifier::sources
