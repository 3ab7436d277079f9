// SPDX-License-Identifier: MIT
/// @file
/// Waiting for a file to appear without looking for it again and again. inotify(7) can only watch
/// what exists, so the directory is watched, and other names in it are passed over.
#pragma once

#include <functional>
#include <string>

#include "runtime/event_loop.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::runtime {

/// Calls its handler when the file at a path may be another than before.
class DirectoryWatch {
 public:
  /// `path` of the file. The handler is called, more often than needed rather than too seldom, once
  /// the file was made, moved there, given other rights or closed by a writer, and once its
  /// directory has gone, after which nothing more comes. It must not destroy the watch. Throws
  /// std::system_error when the directory cannot be watched.
  DirectoryWatch(EventLoop& loop, const std::string& path, std::function<void()> handler);

 private:
  void receive();

  std::string name_;
  std::function<void()> handler_;
  UniqueFd inotify_;
  FdWatch watch_;  // After the descriptor: goes before it.
};

}  // namespace batch_notifier::runtime
