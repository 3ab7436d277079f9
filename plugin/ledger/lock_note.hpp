// SPDX-License-Identifier: MIT
/// @file
/// What a worker writes into `lock` while it holds the state directory and into `takeover` while it
/// waits for it. Others compare and wait by these numbers, so they are under a checksum: a flipped
/// bit in a start time would let the older of two workers win.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "core/time.hpp"

namespace batch_notifier::ledger {

/// One worker's note.
struct LockNote {
  core::MonotonicTime started;  ///< Since when its loader runs; the newer worker wins.
  core::MonotonicTime until;    ///< How long it asks others to wait; in the past: not longer.
  pid_t pid = 0;                ///< Its process, which may be killed if it does not finish.

  /// Equal in every field.
  bool operator==(const LockNote&) const = default;
};

/// Length of a note as text.
inline constexpr std::size_t lock_note_size = 128;

/// The note as one line, always lock_note_size bytes long, so that one write replaces another note.
std::string write_lock_note(const LockNote& note);

/// The note in `text`. Nothing if it is not one or is damaged.
std::optional<LockNote> read_lock_note(std::string_view text);

}  // namespace batch_notifier::ledger
