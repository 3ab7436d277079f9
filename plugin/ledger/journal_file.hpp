// SPDX-License-Identifier: MIT
/// @file
/// The file `fifo-journal` in a state directory (see fifo_journal.hpp and journal_format.hpp).
/// Records are appended with one write each; all else replaces the file.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/journal_format.hpp"
#include "ledger/state_directory.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::ledger {

/// The journal of one worker.
class JournalFile {
 public:
  /// Its name in the directory.
  static constexpr std::string_view name = "fifo-journal";

  /// `directory` must outlive the object.
  explicit JournalFile(StateDirectory& directory) : directory_(directory) {}

  /// Whether this worker has written the file, so that it can be appended to.
  [[nodiscard]] bool is_open() const { return static_cast<bool>(file_); }

  /// Closes the file: the next write has to replace it.
  void close() { file_.reset(); }

  /// Adds a record to the file, which is open. Nothing unless the directory is held. Returns how
  /// many bytes of data the file holds by now. Throws std::system_error; part of the record may be
  /// in the file then.
  std::size_t append(std::string_view bytes);

  /// Replaces the file by one that holds only `bytes`; without bytes there is no file. Nothing
  /// unless the directory is held. Returns how many bytes of data the file holds by now. Throws
  /// std::system_error.
  std::size_t replace(std::string_view bytes);

  /// What this worker or a former one has left; nothing if there is no file. Throws as
  /// runtime::read_own_file() does.
  [[nodiscard]] std::optional<JournalContents> read() const;

  /// Path of the file.
  [[nodiscard]] std::string path() const;

 private:
  StateDirectory& directory_;
  runtime::UniqueFd file_;  ///< Open for appending once this worker has written it.
  std::size_t size_ = 0;    ///< Bytes of data in it.
};

}  // namespace batch_notifier::ledger
