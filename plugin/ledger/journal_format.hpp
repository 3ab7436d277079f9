// SPDX-License-Identifier: MIT
/// @file
/// The FIFO journal as bytes: one line that names the format, then records. A record is a header of
/// three little-endian 32-bit numbers (length of the data, CRC-32 of the data, CRC-32 of the eight
/// bytes before) and the data.
///
/// The header has a checksum of its own because a reader has to tell two cases apart. A file that
/// ends within a record is what a crash during an append leaves: the FIFO bytes of that record were
/// not acted on, so it is dropped. A header or data that does not match its checksum is damage:
/// lines were lost, and states that depend on them must be read again from elsewhere. With a single
/// checksum, a flipped bit in a length would look like the first case.
#pragma once

#include <string>
#include <string_view>

namespace batch_notifier::ledger {

/// What read_journal() found.
struct JournalContents {
  std::string bytes;     ///< Data of all intact records before the first damage, in order.
  bool damaged = false;  ///< Something that was in the file is lost.

  /// Equal in every field.
  bool operator==(const JournalContents&) const = default;
};

/// The beginning of every journal file.
std::string journal_head();

/// One record with `bytes`, to append to a journal file. `bytes` is below 4 GiB.
std::string journal_record(std::string_view bytes);

/// Reads a journal file. Never throws but std::bad_alloc.
JournalContents read_journal(std::string_view text);

}  // namespace batch_notifier::ledger
