// SPDX-License-Identifier: MIT
/// @file
/// Whether the keepalived that is served still runs, from a descriptor that the host gives: bus and
/// FIFO may have ended by the same fault as keepalived.
#pragma once

#include <optional>
#include <string>

#include "core/observation.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::sources {

/// Which process a pidfd stands for, by its process ID and start time, which no other process of
/// this boot has together; empty for any other descriptor, and for a process that has ended.
std::string keepalived_identity(int descriptor);

/// Reports KeepalivedWatched when it is made, and KeepalivedEnded once.
class KeepalivedProcess {
 public:
  /// `descriptor` becomes readable when keepalived's VRRP process has ended, as a pidfd does; it
  /// stays the caller's. 0 or less for none. Never throws: one that cannot be watched is logged and
  /// done without. `loop` and `sink` must outlive this.
  KeepalivedProcess(runtime::EventLoop& loop, runtime::Log& log, core::ObservationSink& sink,
                    int descriptor);

  /// Whether it has ended by now, which may be a moment before KeepalivedEnded is reported. False
  /// where that is not known.
  [[nodiscard]] bool ended() const;

 private:
  int descriptor_;
  core::ObservationSink& sink_;
  std::optional<runtime::FdWatch> watch_;
};

}  // namespace batch_notifier::sources
