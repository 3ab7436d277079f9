// SPDX-License-Identifier: MIT
/// @file
/// Holds the notify FIFO open while a worker waits for an older one to finish, and reads nothing.
/// keepalived closes and unlinks its FIFO at a reload; lines in it that no process has opened by
/// then are lost, and without a bus nobody else knows them.
#pragma once

#include <string>

#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/unique_fd.hpp"
#include "sources/fifo_opener.hpp"
#include "sources/fifo_pipe.hpp"

namespace batch_notifier::sources {

/// What a FifoKeeper holds.
struct HeldFifo {
  FifoPipe pipe;        ///< None where there is no FIFO that can be read.
  bool pinned = false;  ///< No other FIFO at the same path is to be opened.
};

/// Holds the FIFO at one path, and goes on to another one that is made there unless lines wait in
/// the first. Logs nothing: the FIFO source, which follows, does.
class FifoKeeper {
 public:
  /// Begins. `loop` must outlive the object. An empty path is for none. `descriptor` is the FIFO
  /// as the host has opened it, which stays the host's; 0 for none.
  FifoKeeper(runtime::EventLoop& loop, const std::string& path, int descriptor);

  /// Keeps the FIFO that is open, if there is one: another FIFO at the same path has a reader of
  /// its own.
  void pin();

  /// Ends; gives away what is held. Where that is nothing, `passed_on` takes its place: the FIFO
  /// that an older worker has read until now, or none.
  HeldFifo take(runtime::UniqueFd passed_on = {});

 private:
  class Silence final : public runtime::Log {
    void write(runtime::Severity /*severity*/, const std::string& /*message*/) noexcept override {}
  };

  Silence silence_;
  HeldFifo held_;
  FifoOpener opener_;
};

}  // namespace batch_notifier::sources
