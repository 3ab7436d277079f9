// SPDX-License-Identifier: MIT
/// @file
/// The directory whose files outlive a worker, and who may write them: only the worker that holds
/// its lock (see directory_lock.hpp). A worker that has lost the lock writes nothing any more.
///
/// The files: `ledger` (ledger_format.hpp), `fifo-journal` (journal_format.hpp), `lock` and
/// `takeover` (lock_note.hpp), and `*.corrupt` for files that could not be read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "ledger/directory_lock.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::ledger {

/// One worker's view of a state directory. By default it is on a tmpfs, and nothing here blocks.
class StateDirectory {
 public:
  /// Called from the event loop.
  using Handlers = DirectoryLock::Handlers;

  /// `loop` and `log` must outlive the object. Throws std::system_error or std::runtime_error when
  /// the directory is missing, is not this user's, can be written by others, or cannot be watched;
  /// for root also when anybody else can replace a directory or a link on the way to it.
  /// `started` decides between two workers: the newer one gets the directory.
  StateDirectory(runtime::EventLoop& loop, runtime::Log& log, std::string path, Handlers handlers,
                 core::MonotonicTime started);
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;
  /// Releases the lock.
  ~StateDirectory() = default;

  /// See DirectoryLock::acquire().
  void acquire(core::MonotonicTime waiting_since) { lock_.acquire(waiting_since); }
  /// See DirectoryLock::hold_until().
  void hold_until(core::MonotonicTime end) { lock_.hold_until(end); }
  /// See DirectoryLock::held().
  [[nodiscard]] bool held() const { return lock_.held(); }

  /// Path of the file called `name`.
  [[nodiscard]] std::string path_of(std::string_view name) const;

  /// Text of a file; nothing if there is none. Throws as runtime::read_own_file() does.
  [[nodiscard]] std::optional<std::string> read(std::string_view name) const;

  /// Replaces a file atomically, and returns it open for appending. Does nothing and returns none
  /// unless held(). Throws std::system_error.
  runtime::UniqueFd replace(std::string_view name, std::string_view text);

  /// Removes a file, if it is there. Does nothing unless held(). Throws std::system_error.
  void remove(std::string_view name);

  /// Renames a file to `NAME.corrupt`, for a person to look at. Throws std::system_error.
  void set_aside(std::string_view name) const;

 private:
  const std::string path_;
  DirectoryLock lock_;
};

}  // namespace batch_notifier::ledger
