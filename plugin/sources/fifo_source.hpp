// SPDX-License-Identifier: MIT
/// @file
/// The second source: keepalived's notify FIFO. keepalived makes the FIFO, starts the loader, and
/// opens the FIFO only then, for reading and writing; so it can be opened here at any time, and no
/// line written from then on is missed as long as the pipe has room.
///
/// A pipe that may have been full (fifo_pipe.hpp) may lack lines. The lines that wait in it are
/// older than the lost ones, so they are skipped, and the FIFO does not count until the next line.
///
/// A FIFO that all writers have closed is readable for ever: it is closed, and opened again later.
///
/// A FIFO with lines that were not read yet is not given up for another one at the same path.
///
/// A line can be read once. A worker that reads lines meant for another one loses them for both, so
/// a worker that is to be replaced keeps the FIFO that it has, or reads no more at all.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/observation.hpp"
#include "core/statistics.hpp"
#include "core/topology.hpp"
#include "ledger/fifo_journal.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/log_throttle.hpp"
#include "runtime/unique_fd.hpp"
#include "sources/fifo_keeper.hpp"
#include "sources/fifo_opener.hpp"
#include "sources/fifo_pipe.hpp"
#include "sources/fifo_reporter.hpp"

namespace batch_notifier::sources {

/// Reports FifoOpened at the first line, then StateSeen and PrioritySeen (fifo_reporter.hpp), and
/// FifoLost when these no longer count.
class FifoSource {
 public:
  /// All of them must outlive this. `path` is the FIFO's, as keepalived passes it to its script.
  /// `journal` may be nullptr.
  FifoSource(runtime::EventLoop& loop, runtime::Log& log, core::Statistics& statistics,
             const core::Topology& topology, core::ObservationSink& sink, const std::string& path,
             ledger::FifoJournal* journal = nullptr);

  /// Begins. Never throws and never blocks: a FIFO that is missing, or can be written by users
  /// other than root and this one, is waited for; other failures are tried again after 0.1 s,
  /// doubling to 5 s. To be called once. `held` is what was held open until now, if anything.
  void start(HeldFifo held = {});

  /// Whether a FIFO is open.
  [[nodiscard]] bool is_open() const { return static_cast<bool>(pipe_); }

  /// Whether somebody has the FIFO open for writing right now. Lines that wait are reported first,
  /// because only an empty pipe shows this. True where more lines come than can be read at once.
  [[nodiscard]] bool has_writer();

  /// `ended` tells whether the keepalived that is served has ended: lines in a FIFO that can still
  /// be opened are then for the worker of the next one.
  void stop_reading_when(std::function<bool()> ended) { ended_ = std::move(ended); }

  /// Reports bytes that a former worker has read and not saved, as if they had just been read.
  /// `damaged`: lines after them were lost, so the FIFO does not count until its next line. After
  /// start().
  void replay(std::string_view bytes, bool damaged = false);

  /// Keeps the FIFO that is open, if there is one, and opens no other from now on: another FIFO at
  /// the same path has a reader of its own.
  void pin() { opener_.stop(); }

  /// Ends. A FIFO that no other process can open any more, because its path does not name it, is
  /// read to its end; any other is left to the next reader. Returns the FIFO for that reader, none
  /// if none is open.
  runtime::UniqueFd hand_over();

 private:
  void opened(FifoPipe pipe);
  void use(FifoPipe pipe);
  void close();
  void receive();
  void take(const FifoRead& result);
  void report(std::string_view bytes);
  void skip_everything();
  void distrust(bool closed);
  void lose(const std::string& reason, bool closed);

  /// So that each kind of message is written once a minute at most.
  struct Throttles {
    runtime::LogThrottle lost;
    runtime::LogThrottle overflow;
  };

  runtime::EventLoop& loop_;
  runtime::Log& log_;
  core::Statistics& statistics_;
  core::ObservationSink& sink_;
  ledger::FifoJournal* journal_;
  std::function<bool()> ended_;
  FifoReporter reporter_;
  FifoOpener opener_;
  bool trusted_ = false;  // FifoOpened was reported last.
  Throttles throttles_;
  FifoPipe pipe_;
  std::optional<runtime::FdWatch> watch_;  // After the pipe: goes before it.
};

}  // namespace batch_notifier::sources
