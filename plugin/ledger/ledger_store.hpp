// SPDX-License-Identifier: MIT
/// @file
/// What outlives a worker: the ledger (core/ledger.hpp) and, beside it, the FIFO journal
/// (fifo_journal.hpp). The store reads and writes when it is called; the core decides when a save
/// is due. A ledger that cannot be written is removed, because an old one would make the next run
/// act on states and acknowledgements that no longer hold; without one, every consumer gets a
/// snapshot, which is always right.
///
/// Where there is no usable directory, nothing survives a crash, but a reload hands the same over
/// from worker to worker.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/ledger.hpp"
#include "core/time.hpp"
#include "ledger/fifo_journal.hpp"
#include "ledger/handover.hpp"
#include "ledger/journal_file.hpp"
#include "ledger/journal_format.hpp"
#include "ledger/state_directory.hpp"
#include "ledger/takeover.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::ledger {

/// The ledger of one plugin object, in a state directory or only in this process.
class LedgerStore final : public FifoJournal {
 public:
  /// `loop` and `log` must outlive the object.
  LedgerStore(runtime::EventLoop& loop, runtime::Log& log);

  /// Begins to become the only worker; one of `handlers` follows, from the loop. First older
  /// workers of the same `configuration` (its path) and `directory` hand over (handover.hpp), then
  /// the lock in the state directory is acquired, which others may hold. Where `directory` is
  /// nullptr or cannot be used, which is logged, only a reload is survived. `started` decides
  /// between two workers: the newer one goes on. To be called once.
  void open(const char* directory, std::string_view configuration, TakeoverHandlers handlers,
            core::MonotonicTime started);

  /// Whether a newer worker waits for this one to finish.
  [[nodiscard]] bool is_awaited() const { return handover_ && handover_->is_awaited(); }

  /// Asks newer workers to wait until then at the latest. A failure is logged.
  void hold_until(core::MonotonicTime end);

  /// The ledger that a former run left; an empty one if there is none. One that cannot be used is
  /// logged, and renamed to `ledger.corrupt` where it is a file. To be called once.
  core::Ledger read();

  /// The FIFO bytes that the run which left that ledger appended and did not commit; they count as
  /// appended by this run. `damaged` where bytes were lost or cannot be read, which has been
  /// logged. To be called after read(), before the first save().
  JournalContents read_journal();

  /// The FIFO that an older worker passed on with its ledger, open for reading and not blocking;
  /// none if there is none. To be called once, when this worker begins.
  runtime::UniqueFd take_fifo() { return handover_->take_fifo(); }

  /// A newer worker gets this FIFO with the ledger from the next save() on.
  void pass_fifo_on(runtime::UniqueFd fifo) { handover_->pass_fifo_on(std::move(fifo)); }

  /// Whether save() would write anything: there is a directory, or a newer worker waits.
  [[nodiscard]] bool is_needed() const;

  /// Writes the ledger if it differs from the last one written, then drops from the journal the
  /// bytes that were committed. A newer worker that waits gets both. A failure is logged once,
  /// until a save succeeds.
  void save(const core::Ledger& ledger);

  std::size_t append(std::string_view bytes) override;
  void commit(std::size_t rest) override;
  void clear() override;

 private:
  void acquire_directory();
  core::Ledger read_file();
  void write(std::string text);
  void fail(const std::string& reason);

  runtime::EventLoop& loop_;
  runtime::Log& log_;
  TakeoverHandlers handlers_;
  core::MonotonicTime waiting_since_;
  std::optional<Handover> handover_;  ///< Ends after the directory, which is free by then.
  std::optional<StateDirectory> directory_;
  std::optional<JournalFile> journal_;        ///< With the directory.
  std::optional<JournalContents> inherited_;  ///< With a ledger that was passed on.
  std::string saved_;                         ///< Text of the last ledger written.
  std::string uncommitted_;                   ///< FIFO bytes appended and not committed.
  bool failed_ = false;
};

}  // namespace batch_notifier::ledger
