// SPDX-License-Identifier: MIT
/// @file
/// What outlives a worker: the ledger (core/ledger.hpp) and, beside it, the FIFO journal
/// (fifo_journal.hpp). The store reads and writes when it is told to; when that is due, the core
/// decides. A ledger that cannot be written is removed, because an old one would make the next run
/// act on states and acknowledgements that no longer hold; without one, every consumer gets a
/// snapshot, which is always right.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/ledger.hpp"
#include "core/time.hpp"
#include "ledger/fifo_journal.hpp"
#include "ledger/journal_file.hpp"
#include "ledger/state_directory.hpp"
#include "ledger/takeover.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::ledger {

/// The ledger of one plugin object, in a state directory or nowhere.
class LedgerStore final : public FifoJournal {
 public:
  /// `loop` and `log` must outlive the object.
  LedgerStore(runtime::EventLoop& loop, runtime::Log& log);

  /// Begins to acquire the state directory at `path`; one of `handlers` follows, from the loop.
  /// Where `path` is nullptr or the directory cannot be used, which is logged, `acquired` follows
  /// all the same and nothing is stored. `started` decides between two workers: the newer one gets
  /// the directory. To be called once.
  void open(const char* path, TakeoverHandlers handlers, core::MonotonicTime started);

  /// Asks newer workers to wait until then at the latest. A failure is logged.
  void hold_until(core::MonotonicTime end);

  /// The ledger that a former run left; an empty one if there is none. One that cannot be used is
  /// logged and renamed to `ledger.corrupt`.
  core::Ledger read();

  /// The FIFO bytes that a former run appended and did not commit; they count as appended by this
  /// run. `damaged` where bytes were lost or cannot be read, which has been logged. To be called
  /// before the first save().
  JournalContents read_journal();

  /// Writes the ledger if it differs from the last one written, then drops from the journal the
  /// bytes that were committed. A failure is logged once, until a save succeeds.
  void save(const core::Ledger& ledger);

  std::size_t append(std::string_view bytes) override;
  void commit(std::size_t rest) override;
  void clear() override;

 private:
  void fail(const std::string& reason);

  runtime::EventLoop& loop_;
  runtime::Log& log_;
  std::optional<StateDirectory> directory_;
  std::optional<JournalFile> journal_;   ///< With the directory.
  std::optional<runtime::Timer> begin_;  ///< Where there is no directory.
  std::string saved_;                    ///< Text of the last ledger written.
  std::string uncommitted_;              ///< FIFO bytes appended and not committed.
  bool failed_ = false;
};

}  // namespace batch_notifier::ledger
