// SPDX-License-Identifier: MIT
/// @file
/// The rule that only one worker at a time owns a directory.
///
/// keepalived starts a new loader before the old one has gone, at every reload; so the newer asks
/// and the older lets go. A file `lock` is held with flock(2), which the kernel releases however
/// its holder ends, and says since when its holder runs. Who wants it renames a file over
/// `takeover` that says the same of itself and is locked as long as it waits; an older holder sees
/// that by inotify(7), hands over and closes the lock, which in turn is seen by inotify. Nobody
/// polls and nobody waits in a system call. Of several that wait only the newest begins. A holder
/// that needs longer, for a delivery that is under way, writes into `lock` until when. One that
/// does not let go in time is killed, because it might deliver old states whenever it wakes up. One
/// that cannot be killed, because it sleeps in the kernel, is left behind with the old inode: a new
/// `lock` is renamed into its place, what it would still write is not written, and it ends as soon
/// as it sees that.
///
/// The processes of a delivery keep the lock open. So it is free only once nothing of the former
/// worker's deliveries runs, also where that worker was killed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "core/time.hpp"
#include "runtime/directory_watch.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::runtime {

/// One worker's claim to a directory.
class DirectoryClaim {
 public:
  /// What the owner is told, from the event loop.
  struct Handlers {
    std::function<void()> acquired;   ///< The directory is ours, from now on.
    std::function<void()> requested;  ///< A newer worker wants it.
    std::function<void()> outlived;   ///< A newer worker has it: there is nothing to do for us.
  };

  /// How long a former holder may take to let go, unless it asks for more.
  static constexpr core::Duration patience{3'000'000};
  /// How long one that was killed then may take to end, with its deliveries.
  static constexpr core::Duration death_wait{1'000'000};

  /// `loop` and `log` must outlive the object. `path` is the directory's, which only this user can
  /// write. `started` is how old a claim this is: the newer one wins. Throws std::system_error when
  /// the directory cannot be watched.
  DirectoryClaim(EventLoop& loop, Log& log, std::string path, Handlers handlers,
                 std::optional<core::MonotonicTime> started);
  DirectoryClaim(const DirectoryClaim&) = delete;
  DirectoryClaim& operator=(const DirectoryClaim&) = delete;
  /// Lets go.
  ~DirectoryClaim() = default;

  /// Begins to acquire it; `acquired` or `outlived` follows, from the loop. Throws
  /// std::system_error.
  void acquire();

  /// Asks whoever waits for the directory to wait until then at the latest. Once it is ours. Throws
  /// std::system_error.
  void hold_until(core::MonotonicTime end);

  /// Whether it is ours.
  [[nodiscard]] bool held() const;

 private:
  /// Locked by us, and by the deliveries that are under way.
  struct HeldLock {
    HeldLock(EventLoop& loop, UniqueFd locked)
        : file(std::move(locked)), inherited(loop, file.get()) {}
    UniqueFd file;
    InheritedFd inherited;
  };

  void on_lock_changed();
  void on_asked();
  void renew_lock();
  void try_lock();
  /// Each returns the handler that is to be called, if any.
  const std::function<void()>* advance();
  const std::function<void()>* take_by_force();
  const std::function<void()>* own(UniqueFd lock);
  bool kill_holder();
  void request();
  [[nodiscard]] bool newer_one_asks() const;
  [[nodiscard]] std::string lock_path() const { return path_ + "/lock"; }
  [[nodiscard]] std::string takeover_path() const { return path_ + "/takeover"; }

  EventLoop& loop_;
  Log& log_;
  const std::string path_;
  const Handlers handlers_;
  const core::MonotonicTime began_;    ///< To wait for the former holder from then on.
  const core::MonotonicTime started_;  ///< How old our claim is.
  std::optional<HeldLock> lock_;       ///< Ours unless it has been renamed over.
  UniqueFd candidate_;  ///< Kept open while waiting: its closing would wake all who wait.
  UniqueFd request_;    ///< `takeover`, locked while we wait.
  bool waiting_ = false;
  bool killed_ = false;  ///< The holder that does not let go.
  std::optional<DirectoryWatch> lock_watch_;
  std::optional<DirectoryWatch> takeover_watch_;
  Timer timer_;
};

}  // namespace batch_notifier::runtime
