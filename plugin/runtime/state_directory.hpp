// SPDX-License-Identifier: MIT
/// @file
/// The place where the ledger lies, and what is kept beside it. Only its owner may write there (see
/// directory_claim.hpp): what one that has been left behind would still write is not written.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "runtime/directory_claim.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::runtime {

/// One worker's hold on a state directory. Everything it does is on a tmpfs, by default, and does
/// not block.
class StateDirectory {
 public:
  /// What the owner is told, from the event loop.
  using Handlers = DirectoryClaim::Handlers;

  /// `loop` and `log` must outlive the object. Throws std::system_error or std::runtime_error when
  /// the directory is missing, not ours, or writable by others, or cannot be watched.
  /// `started` is how old a claim this is: the newer one wins.
  StateDirectory(EventLoop& loop, Log& log, std::string path, Handlers handlers,
                 std::optional<core::MonotonicTime> started = std::nullopt);
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;
  /// Lets go.
  ~StateDirectory() = default;

  /// Begins to acquire it; `acquired` or `outlived` follows, from the loop. Throws
  /// std::system_error.
  void acquire() { claim_.acquire(); }

  /// Asks whoever waits for it to wait until then at the latest. Throws std::system_error.
  void hold_until(core::MonotonicTime end) { claim_.hold_until(end); }

  /// Whether it is ours.
  [[nodiscard]] bool held() const { return claim_.held(); }

  /// Text of the ledger file, if there is one. Throws as read_own_file() does.
  [[nodiscard]] std::optional<std::string> read() const;

  /// Replaces the ledger file, atomically. Nothing unless held(). Throws std::system_error.
  void write(const std::string& text);

  /// Appends to what is kept beside the ledger, and returns how many bytes that are by now. Nothing
  /// unless held(). Throws std::system_error; part of it may be kept then.
  std::size_t keep(std::string_view bytes);

  /// Replaces what is kept, atomically. Nothing unless held(). Throws std::system_error.
  void keep_only(std::string_view bytes);

  /// What is kept, by this worker or a former one. Throws as read_own_file() does.
  [[nodiscard]] std::string kept() const;

  /// Removes the ledger file, what is kept, and what a failed write has left. A ledger that can no
  /// longer be kept up to date is worse than none: with none, the next run tells everybody
  /// everything. Nothing unless held().
  void discard();

  /// Renames the ledger file to `*.corrupt`, for a person to look at.
  void set_aside() const;

  /// Path of the ledger file.
  [[nodiscard]] std::string ledger_path() const { return path_ + "/ledger"; }

 private:
  UniqueFd replace(const std::string& path, std::string_view text);
  [[nodiscard]] std::string kept_path() const { return path_ + "/kept"; }

  const std::string path_;
  DirectoryClaim claim_;
  UniqueFd kept_;  ///< Open while something is kept.
  std::size_t kept_size_ = 0;
};

}  // namespace batch_notifier::runtime
