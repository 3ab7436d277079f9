// SPDX-License-Identifier: MIT
/// @file
/// Only one worker at a time works for one keepalived.conf, and a newer one replaces an older one,
/// without a directory. The state directory's lock (directory_lock.hpp) does the same where there
/// is a directory; where none can be made or written, two workers would deliver to the same
/// consumers in turns after a reload, older states after newer ones.
///
/// The workers are linked by sockets (worker_links.hpp), on which each announces its status, and a
/// pure rule (handover_rule.hpp) says which one works. The kernel closes the links of a worker that
/// dies, which the others see. Nobody polls and nobody waits in a system call.
///
/// On the same links the older worker passes its ledger and FIFO bytes on, as sealed files in
/// memory, so that a reload loses nothing where there is no directory. A crash does, then. Its open
/// FIFO comes with them: where the FIFO was unlinked, no other process can open it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/time.hpp"
#include "ledger/handover_rule.hpp"
#include "ledger/takeover.hpp"
#include "ledger/worker_links.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::ledger {

/// What an older worker passes on.
struct Legacy {
  std::string ledger;   ///< As write_ledger() makes it.
  std::string journal;  ///< A journal file (journal_format.hpp).
};

/// One worker's part in the handover.
class Handover {
 public:
  /// `loop` and `log` must outlive the object. Workers of this user with the same `place`, any
  /// text, in the same network namespace replace each other; `started` decides which one is newer.
  Handover(runtime::EventLoop& loop, runtime::Log& log, std::string place,
           TakeoverHandlers handlers, core::MonotonicTime started);
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;
  ~Handover() = default;

  /// Begins; `acquired` or `outlived` follows, from the loop. Where no socket can be made, which is
  /// logged, `acquired` follows. `waiting_since` is when this worker began to wait.
  void acquire(core::MonotonicTime waiting_since);

  /// Asks newer workers to wait until then at the latest.
  void hold_until(core::MonotonicTime end);

  /// Whether a newer worker waits for this one to finish.
  [[nodiscard]] bool is_awaited() const;

  /// This FIFO is passed on too, with all that pass_on() sends from now on.
  void pass_fifo_on(runtime::UniqueFd fifo) { fifo_ = std::move(fifo); }

  /// Passes this on to the newer workers that wait, instead of what was passed on before. Throws
  /// std::system_error.
  void pass_on(const Legacy& legacy);

  /// What an older worker has passed on last, once `acquired`; gives it away.
  std::optional<Legacy> take_legacy() { return std::exchange(legacy_, std::nullopt); }

  /// The FIFO that came with it, open for reading and not blocking; none if none did. Gives it
  /// away.
  runtime::UniqueFd take_fifo() { return std::exchange(fifo_, {}); }

  /// Whether this worker began although an older one had not finished.
  [[nodiscard]] bool forced() const { return forced_; }

 private:
  void take_files(std::vector<runtime::UniqueFd> files);
  void review();
  void ask_for_time(core::MonotonicTime until);
  void work(bool forced);

  runtime::Log& log_;
  const TakeoverHandlers handlers_;
  WorkerStatus own_;
  core::MonotonicTime waiting_since_;
  std::optional<Legacy> legacy_;
  runtime::UniqueFd fifo_;  ///< An older worker's; once that was taken, the one to pass on.
  bool reviewing_ = false;  ///< From the first turn of the loop after acquire().
  bool requested_ = false;
  bool forced_ = false;
  bool ended_ = false;
  WorkerLinks links_;
  runtime::Timer timer_;
};

}  // namespace batch_notifier::ledger
