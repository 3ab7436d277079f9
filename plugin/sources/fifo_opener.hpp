// SPDX-License-Identifier: MIT
/// @file
/// Opens the notify FIFO once it is there and can be trusted. Its path may come to name another
/// file at any time until keepalived writes: keepalived makes the FIFO, and unlinks and makes it
/// anew at a reload. So the directory is watched until then; other failures are tried again later.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/backoff.hpp"
#include "runtime/directory_watch.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "sources/fifo_pipe.hpp"

namespace batch_notifier::sources {

/// Waits for the FIFO at one path.
class FifoOpener {
 public:
  /// What it reports, from open() or the event loop.
  struct Handlers {
    /// The FIFO is open; it may be the one that was open before. What this throws counts as a
    /// failure to open.
    std::function<void(FifoPipe)> opened;
    /// There is a file that is refused: what was open before is not to be read any more.
    std::function<void()> refused;
  };

  /// `loop` and `log` must outlive the object.
  FifoOpener(runtime::EventLoop& loop, runtime::Log& log, std::string path, Handlers handlers);

  /// Tries now, and goes on until `opened`. From then on `opened` follows again whenever another
  /// file may be at the path, until written() or stop().
  void open();

  /// Tries after 0.1 s, doubling to 5 s until written(). Nothing after stop().
  void open_later();

  /// keepalived writes into the FIFO that is open: the path is not watched any more.
  void written();

  /// Opens nothing from now on.
  void stop();

  /// Of the FIFO.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void complain(const std::string& reason);

  runtime::EventLoop& loop_;
  runtime::Log& log_;
  const std::string path_;
  const Handlers handlers_;
  core::Backoff backoff_;
  bool stopped_ = false;
  std::string complaint_;  // The newest, until the FIFO could be opened.
  std::optional<runtime::DirectoryWatch> directory_;
  runtime::Timer timer_;
};

}  // namespace batch_notifier::sources
