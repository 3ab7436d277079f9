// SPDX-License-Identifier: MIT
/// @file
/// FIFO lines read since the last save of the ledger are journaled, because reading consumes them:
/// a worker that is killed before it has saved would lose them for the next one too.
///
/// The pipe itself was tried as the journal: tee(2) reads without consuming, and the bytes would be
/// consumed after the save. It does not hold, so there is a file.
/// - A pipe dies with its last descriptor. keepalived closes it at a stop and at a reload; the last
///   lines, STOP among them, would then be in nothing but the worker that may be killed.
/// - Bytes that stay in the pipe keep it readable. A level-triggered loop spins (1.7 million
///   wake-ups a second on Linux 6.18). An edge-triggered one is woken for later lines only on
///   kernels that wake readers of a pipe that is not empty; 5.5 and its successors until 5.14 did
///   not. There, lines would go unread: silence, which is the worst failure.
/// - keepalived drops lines when the pipe is full. Bytes that wait for a save take the room of new
///   lines, and fullness no longer tells whether lines may have been dropped.
/// - tee(2) begins at the first byte each time: with 10,000 lines waiting, each further line costs
///   22 microseconds.
/// What tee(2) would add, that two workers can read the same lines, a handover does not need.
#pragma once

#include <cstddef>
#include <limits>
#include <string_view>

namespace batch_notifier::ledger {

/// Where the FIFO source puts the bytes that it reads. Session implements it, and passes them on to
/// LedgerStore.
class FifoJournal {
 public:
  /// What append() returns when the bytes could not be written.
  static constexpr std::size_t not_written = std::numeric_limits<std::size_t>::max();

  virtual ~FifoJournal() = default;

  /// Adds bytes that were just read, before anything is done with them. Returns how many bytes the
  /// journal holds by now; not_written after a failure, which has been logged: there is no ledger
  /// on the disk then, and a save is due at once.
  virtual std::size_t append(std::string_view bytes) = 0;

  /// All appended bytes but the last `rest`, which are the beginning of a line, have been reported:
  /// the next save may drop them from the journal.
  virtual void commit(std::size_t rest) = 0;

  /// Drops all appended bytes at once: lines were lost between them and what follows.
  virtual void clear() = 0;
};

}  // namespace batch_notifier::ledger
