// SPDX-License-Identifier: MIT
/// @file
/// The second witness: keepalived's notify FIFO. keepalived makes the FIFO, starts the loader, and
/// only then opens it, for reading and writing; so it can be opened here at any time, and nothing
/// written from then on is missed as long as it fits.
///
/// What does not fit keepalived drops without a word. Whether that has happened cannot be seen, but
/// whether it may have happened can: the pipe was nearly full. What waits in it then is older than
/// what was lost, and therefore not believed.
///
/// A FIFO that all writers have closed is readable for ever. It is closed, and opened again after a
/// while. Until somebody writes, the path may come to mean another FIFO (a reload unlinks the old
/// one and makes a new one), so its directory is watched; once lines have come, it is not.
///
/// A line is read once. Whoever reads lines that were meant for another loses them for both, so a
/// worker that is to be replaced stays with the FIFO that it has, or reads no more at all.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <sys/types.h>

#include "core/observation.hpp"
#include "core/statistics.hpp"
#include "core/topology.hpp"
#include "runtime/directory_watch.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/log_throttle.hpp"
#include "runtime/unique_fd.hpp"
#include "sources/fifo_lines.hpp"

namespace batch_notifier::sources {

/// Whether the pipe in the FIFO at `path` is one that a FifoSource has read: those make it larger,
/// and a pipe that everybody has closed in between is another one, with nothing in it and of the
/// usual size. False where that cannot be known.
bool was_read_before(const std::string& path);

/// Where the lines go that nobody else can read any more, so that the next worker can, should this
/// one be killed before it has saved what they said. Implemented by the composition root.
class FifoKeeper {
 public:
  virtual ~FifoKeeper() = default;
  /// Keeps what was just read, before anything is done with it.
  virtual void keep(std::string_view bytes) = 0;
  /// Everything kept has been reported, but for its last `rest` bytes: the beginning of a line.
  virtual void settle(std::size_t rest) = 0;
  /// What was kept, and what keepalived has said before, is not to be believed any more.
  virtual void forget() = 0;
};

/// Reports FifoOpened, then StateSeen and PrioritySeen of instances that are not ignored, in the
/// order of the lines; FifoLost when they no longer count. Sync groups' lines are only counted.
class FifoSource {
 public:
  /// All of them must outlive this. `path` is the FIFO's, as keepalived passes it to its script.
  /// `keeper` may be nullptr.
  FifoSource(runtime::EventLoop& loop, runtime::Log& log, core::Statistics& statistics,
             const core::Topology& topology, core::ObservationSink& sink, std::string path,
             FifoKeeper* keeper = nullptr);

  /// Begins. Never throws and never blocks: a FIFO that is missing, or is not one that only root or
  /// our own user can write, is waited for; other failures are tried again after 0.1 s, doubling to
  /// 5 s. To be called once.
  void start();

  /// Whether a FIFO is open.
  [[nodiscard]] bool is_open() const { return static_cast<bool>(fifo_); }

  /// `ended` says whether the keepalived that we serve has ended: what is written into a FIFO that
  /// can still be opened is then for the worker of the next one.
  void stop_reading_when(std::function<bool()> ended) { ended_ = std::move(ended); }

  /// Takes what a former worker has read and not saved, as if it had just been read. After start().
  void replay(std::string_view bytes);

  /// Stays with the FIFO that is open, if there is one, and opens no other from now on: another one
  /// at the same path has a reader of its own.
  void stay();

  /// Ends: what cannot be read by anybody else any more, because the path leads elsewhere, is read
  /// to its end, and everything else is left for the next reader.
  void hand_over();

 private:
  void open();
  void retry_later();
  void complain(const std::string& reason);
  void receive();
  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] bool may_have_been_full() const;
  [[nodiscard]] ssize_t read_some();
  void skip_everything();
  void distrust(bool closed);
  void lose(const std::string& reason, bool closed);
  void take(std::string_view bytes);
  void take_line(const InstanceLine& line);
  void take_line(const PriorityLine& line);
  void take_line(const GroupLine& line);
  void take_line(const ServerLine& line);
  void take_line(const MalformedLine& line);
  std::optional<core::InstanceIndex> find(const std::string& name);

  runtime::EventLoop& loop_;
  runtime::Log& log_;
  core::Statistics& statistics_;
  const core::Topology& topology_;
  core::ObservationSink& sink_;
  std::string path_;
  FifoKeeper* keeper_;
  std::function<bool()> ended_;
  std::unordered_map<std::string, core::InstanceIndex> instances_;

  FifoLines lines_;
  bool stays_ = false;
  bool trusted_ = false;      // FifoOpened was reported last.
  std::size_t capacity_ = 0;  // Bytes of the pipe.
  core::Duration retry_wait_;
  std::string complaint_;  // The newest, until the FIFO could be opened.
  std::array<char, 65'536> buffer_{};

  runtime::LogThrottle lost_log_;
  runtime::LogThrottle overflow_log_;
  runtime::LogThrottle malformed_log_;
  runtime::LogThrottle unknown_log_;
  runtime::UniqueFd fifo_;
  std::optional<runtime::FdWatch> watch_;             // After the FIFO: goes before it.
  std::optional<runtime::DirectoryWatch> directory_;  // Until lines have come.
  runtime::Timer timer_;                              // To open, again perhaps.
};

}  // namespace batch_notifier::sources
