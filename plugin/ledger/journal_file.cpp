// SPDX-License-Identifier: MIT
#include "ledger/journal_file.hpp"

#include "runtime/own_file.hpp"

namespace batch_notifier::ledger {

std::size_t JournalFile::append(std::string_view bytes) {
  if (directory_.held()) {
    runtime::write_whole(file_, path(), journal_record(bytes));
    size_ += bytes.size();
  }
  return size_;
}

std::size_t JournalFile::replace(std::string_view bytes) {
  if (directory_.held()) {
    file_.reset();
    size_ = 0;
    if (bytes.empty()) {
      directory_.remove(name);
    } else {
      file_ = directory_.replace(name, journal_head() + journal_record(bytes));
    }
    size_ = bytes.size();
  }
  return size_;
}

std::optional<JournalContents> JournalFile::read() const {
  const std::optional<std::string> text = directory_.read(name);
  return text ? std::optional(read_journal(*text)) : std::nullopt;
}

std::string JournalFile::path() const {
  return directory_.path_of(name);
}

}  // namespace batch_notifier::ledger
