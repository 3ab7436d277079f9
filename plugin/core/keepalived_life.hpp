// SPDX-License-Identifier: MIT
/// @file
/// Whether one keepalived is running. No single sign of its end is certain: its D-Bus name loses
/// its owner when it dies and also when the bus does; its FIFO is closed when it dies and also at a
/// reload; and a VRRP process that died is respawned within tens of milliseconds. So a sign begins
/// a short wait, and only what is not refuted by then is the end. Where the host lets the process
/// be watched (pidfd_open(2)), a process that still runs refutes every other sign.
#pragma once

#include <cstdint>
#include <optional>

#include "core/time.hpp"

namespace batch_notifier::core {

/// How long keepalived may be out of sight before it counts as gone.
inline constexpr Duration respawn_grace{500'000};

/// A bus that dies may report the loss of every name first. A loss at most this much older than the
/// end of the bus is taken for its consequence.
inline constexpr Duration bus_death{100'000};

/// The life of one keepalived. Pure.
class KeepalivedLife {
 public:
  /// What is known.
  enum class Phase : std::uint8_t {
    unknown,  ///< Nothing has been seen of it yet.
    running,  ///< It was seen, and no sign of its end since.
    ending,   ///< A sign of its end was seen; it is gone unless it is seen again in time.
    gone,     ///< It has ended, and none has taken its place.
  };

  /// What became of a wait that is over.
  enum class Outcome : std::uint8_t {
    none,           ///< No wait is over.
    still_running,  ///< Its process still runs: only a source of information was lost.
    gone,           ///< It has ended.
  };

  /// Its process is being watched, and runs.
  void process_watched();
  /// Its process has ended, according to the kernel.
  void process_ended(MonotonicTime now);
  /// Its D-Bus name has no owner any more.
  void owner_lost(MonotonicTime now);
  /// Its FIFO was closed, and no other source shows that it runs.
  void fifo_closed(MonotonicTime now);
  /// The bus itself has ended.
  void bus_lost(MonotonicTime now);
  /// It, or its successor, was seen.
  void appeared();

  /// Does what is due by now.
  Outcome step(MonotonicTime now);
  /// When step() must be called, if nothing else happens.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const;

  /// What is known.
  [[nodiscard]] Phase phase() const { return phase_; }
  /// Whether its process is being watched and runs.
  [[nodiscard]] bool process_runs() const { return process_runs_; }
  /// Whether it may be running, with no sign of its end.
  [[nodiscard]] bool may_run() const {
    return phase_ == Phase::unknown || phase_ == Phase::running;
  }

 private:
  void begin_to_end(MonotonicTime now);

  Phase phase_ = Phase::unknown;
  MonotonicTime ending_since_;
  bool process_runs_ = false;
  bool process_ended_ = false;  // According to the kernel, and nothing has been seen since.
};

}  // namespace batch_notifier::core
