// SPDX-License-Identifier: MIT
/// @file
/// The place where the ledger lies, and the rule that only one worker at a time owns it.
///
/// keepalived starts a new loader before the old one has gone, at every reload; so the newer asks
/// and the older lets go. A file `lock` is held with flock(2), which the kernel releases however
/// its holder ends, and says since when its holder runs. Who wants it renames a file over
/// `takeover` that says the same of itself and is locked as long as it waits; an older holder sees
/// that by inotify(7), hands over and closes the lock, which in turn is seen by inotify. Nobody
/// polls and nobody waits in a system call. Of several that wait only the newest begins. A holder
/// that does not let go in time is left behind with the old inode: a new `lock` is renamed into its
/// place, what it would still write is not written, and it ends as soon as it sees that.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "runtime/directory_watch.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::runtime {

/// Reads the file at `path` whole; nothing if there is none. Never follows a link, and takes only a
/// regular file of our own. Throws std::system_error or std::runtime_error otherwise.
std::optional<std::string> read_own_file(const std::string& path);

/// One worker's hold on a state directory. Everything it does is on a tmpfs, by default, and does
/// not block.
class StateDirectory {
 public:
  /// What the owner is told, from the event loop.
  struct Handlers {
    std::function<void()> acquired;   ///< The directory is ours, from now on.
    std::function<void()> requested;  ///< A newer worker wants it.
    std::function<void()> outlived;   ///< A newer worker has it: there is nothing to do for us.
  };

  /// How long a former holder may take to let go.
  static constexpr core::Duration patience{3'000'000};

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
  void acquire();

  /// Whether it is ours.
  [[nodiscard]] bool held() const;

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
  void on_lock_changed();
  void on_asked();
  void try_lock();
  /// Each returns the handler that is to be called, if any.
  const std::function<void()>* advance();
  const std::function<void()>* take_by_force();
  const std::function<void()>* own(UniqueFd lock);
  void request();
  UniqueFd replace(const std::string& path, std::string_view text);
  [[nodiscard]] bool newer_one_asks() const;
  [[nodiscard]] std::string kept_path() const { return path_ + "/kept"; }
  [[nodiscard]] std::string lock_path() const { return path_ + "/lock"; }
  [[nodiscard]] std::string takeover_path() const { return path_ + "/takeover"; }

  EventLoop& loop_;
  Log& log_;
  const std::string path_;
  const Handlers handlers_;
  const core::MonotonicTime began_;    ///< To wait for the former holder from then on.
  const core::MonotonicTime started_;  ///< How old our claim is.
  UniqueFd lock_;                      ///< Locked, and ours unless it has been renamed over.
  UniqueFd candidate_;  ///< Kept open while waiting: its closing would wake all who wait.
  UniqueFd request_;    ///< `takeover`, locked while we wait.
  UniqueFd kept_;       ///< Open while something is kept.
  std::size_t kept_size_ = 0;
  bool waiting_ = false;
  std::optional<DirectoryWatch> lock_watch_;
  std::optional<DirectoryWatch> takeover_watch_;
  Timer timer_;
};

}  // namespace batch_notifier::runtime
