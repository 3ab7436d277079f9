// SPDX-License-Identifier: MIT
#include "ledger/ledger_store.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "ledger/ledger_format.hpp"

namespace batch_notifier::ledger {

namespace {

using runtime::Severity;

constexpr std::string_view ledger_name = "ledger";

}  // namespace

LedgerStore::LedgerStore(runtime::EventLoop& loop, runtime::Log& log) : loop_(loop), log_(log) {
}

void LedgerStore::open(const char* path, TakeoverHandlers handlers, core::MonotonicTime started) {
  const core::MonotonicTime now = runtime::read_clocks().monotonic;
  std::string reason = "no state directory";
  try {
    if (path != nullptr) {
      directory_.emplace(loop_, log_, path, handlers, started);
      journal_.emplace(*directory_);
      directory_->acquire(now);
      return;
    }
  } catch (const std::exception& error) {
    directory_.reset();
    reason = error.what();
  }
  log_.write(Severity::warning, reason + ": pending changes do not survive a crash or restart");
  begin_.emplace(loop_, std::move(handlers.acquired));
  begin_->set(now);
}

void LedgerStore::hold_until(core::MonotonicTime end) {
  try {
    if (directory_) {
      directory_->hold_until(end);
    }
  } catch (const std::exception& error) {
    log_.write(Severity::error, std::string(error.what()) +
                                    ": the next worker waits no longer than usual for this one");
  }
}

core::Ledger LedgerStore::read() {
  if (!directory_ || !directory_->held()) {
    return {};
  }
  try {
    const std::optional<std::string> text = directory_->read(ledger_name);
    return text ? read_ledger(*text) : core::Ledger{};
  } catch (const std::exception& error) {
    log_.write(Severity::error, directory_->path_of(ledger_name) +
                                    " cannot be used: " + error.what() +
                                    "; renamed to *.corrupt, and every consumer gets a snapshot");
  }
  try {
    directory_->set_aside(ledger_name);
  } catch (const std::exception& error) {
    log_.write(Severity::error, error.what());
  }
  return {};
}

JournalContents LedgerStore::read_journal() {
  if (!journal_) {
    return {};
  }
  JournalContents contents;
  std::string reason = "a record is damaged";
  try {
    contents = journal_->read().value_or(JournalContents{});
  } catch (const std::exception& error) {
    contents.damaged = true;
    reason = error.what();
  }
  if (contents.damaged) {
    log_.write(Severity::error,
               journal_->path() + " cannot be used: " + reason +
                   "; FIFO lines that a former worker read last are lost, so the FIFO's states "
                   "do not count until its next line");
  }
  uncommitted_ = contents.bytes;
  return contents;
}

void LedgerStore::save(const core::Ledger& ledger) {
  if (!directory_) {
    return;
  }
  try {
    std::string text = write_ledger(ledger);
    if (text != saved_ && directory_->held()) {
      directory_->replace(ledger_name, text);
      saved_ = std::move(text);
    }
    // Last: a crash before this only replays lines.
    journal_->replace(uncommitted_);
    failed_ = false;
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

void LedgerStore::fail(const std::string& reason) {
  saved_.clear();
  journal_->close();
  for (const std::string_view name : {ledger_name, JournalFile::name}) {
    try {
      directory_->remove(name);
    } catch (const std::exception&) {
      // The directory is in trouble already, which is logged below.
    }
  }
  // Once: a full file system would otherwise fill the log as well.
  if (!std::exchange(failed_, true)) {
    log_.write(Severity::error,
               reason +
                   ": the ledger is removed; pending changes may not survive a crash or "
                   "restart until it can be written again");
  }
}

std::size_t LedgerStore::append(std::string_view bytes) {
  uncommitted_ += bytes;
  if (!journal_) {
    return 0;
  }
  try {
    return journal_->is_open() ? journal_->append(bytes) : journal_->replace(uncommitted_);
  } catch (const std::exception& error) {
    fail(error.what());
    return not_written;
  }
}

void LedgerStore::commit(std::size_t rest) {
  uncommitted_.erase(0, uncommitted_.size() - std::min(rest, uncommitted_.size()));
}

void LedgerStore::clear() {
  uncommitted_.clear();
  try {
    if (journal_) {
      journal_->replace({});
    }
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

}  // namespace batch_notifier::ledger
