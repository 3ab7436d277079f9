// SPDX-License-Identifier: MIT
/// @file
/// Only one worker at a time uses a state directory, and a newer worker replaces an older one.
///
/// keepalived starts a new loader before the old one has gone, at every reload; so the newer worker
/// asks and the older one finishes. A file `lock` is held with flock(2), which the kernel releases
/// however its holder ends; its note (lock_note.hpp) says since when the holder's loader runs. A
/// worker that waits renames a file with its own note over `takeover` and keeps that file locked.
/// An older holder sees this by inotify(7), hands over and closes `lock`, which the waiting worker
/// sees by inotify too. No worker polls, and none waits in a system call. Of several that wait only
/// the newest begins. A holder that needs more time, for a delivery that is under way, writes into
/// its note until when. A holder that does not finish in time is killed, because it might deliver
/// old states whenever it goes on. One that cannot be killed, because it sleeps in the kernel, is
/// left behind: the newer worker renames a new `lock` over the old one, and the older worker, which
/// then no longer holds `lock`, writes nothing and ends as soon as it runs again.
///
/// The processes of a delivery hold the lock as well (runtime/child_keeper.hpp). So it is free only
/// once nothing of the former worker's deliveries runs, also where that worker was killed.
///
/// Once a lock file is damaged its holder counts as an older worker that asks for no more time.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "core/time.hpp"
#include "ledger/takeover.hpp"
#include "runtime/directory_watch.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::ledger {

/// One worker's lock on a directory.
class DirectoryLock {
 public:
  /// See TakeoverHandlers.
  using Handlers = TakeoverHandlers;

  /// `loop` and `log` must outlive the object. Only this user can write the directory at `path`.
  /// `started` decides between two workers: the newer one gets the lock. Throws std::system_error
  /// when the directory cannot be watched.
  DirectoryLock(runtime::EventLoop& loop, runtime::Log& log, std::string path, Handlers handlers,
                core::MonotonicTime started);
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  /// Releases the lock.
  ~DirectoryLock() = default;

  /// Begins to acquire the lock; `acquired` or `outlived` follows, from the loop. `acquired`
  /// follows also where the lock cannot be made, which is logged: held() is false then.
  /// `waiting_since` is when this worker began to wait for an older one.
  void acquire(core::MonotonicTime waiting_since);

  /// Asks newer workers to wait until then at the latest. Only once held(). Throws
  /// std::system_error.
  void hold_until(core::MonotonicTime end);

  /// Whether this worker has the lock.
  [[nodiscard]] bool held() const;

 private:
  /// A lock of this worker and of the deliveries that are under way.
  struct HeldLock {
    HeldLock(runtime::EventLoop& loop, runtime::UniqueFd locked)
        : file(std::move(locked)), inherited(loop, file.get()) {}
    runtime::UniqueFd file;
    runtime::InheritedFd inherited;
  };

  void on_lock_changed();
  void on_takeover_changed();
  void renew_lock();
  void try_lock();
  /// Each returns the handler that is to be called, if any.
  const std::function<void()>* advance();
  const std::function<void()>* take_by_force();
  /// False where there is no process to kill.
  bool kill_holders();
  const std::function<void()>* own(runtime::UniqueFd lock);
  void request();
  [[nodiscard]] bool newer_one_waits() const;
  void write_note(const runtime::UniqueFd& file, const std::string& path,
                  core::MonotonicTime until) const;
  [[nodiscard]] std::string lock_path() const { return path_ + "/lock"; }
  [[nodiscard]] std::string takeover_path() const { return path_ + "/takeover"; }

  runtime::EventLoop& loop_;
  runtime::Log& log_;
  const std::string path_;
  const Handlers handlers_;
  const core::MonotonicTime started_;
  core::MonotonicTime waiting_since_;
  std::optional<HeldLock> lock_;  ///< Ours unless another file was renamed over it.
  runtime::UniqueFd candidate_;   ///< `lock` while waiting. Kept open: closing wakes all that wait.
  runtime::UniqueFd request_;     ///< `takeover`, locked while waiting.
  bool waiting_ = false;
  bool killed_ = false;  ///< The holder did not finish in time.
  std::optional<runtime::DirectoryWatch> lock_watch_;
  std::optional<runtime::DirectoryWatch> takeover_watch_;
  runtime::Timer timer_;
};

}  // namespace batch_notifier::ledger
