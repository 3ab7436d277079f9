// SPDX-License-Identifier: MIT
#include "ledger/ledger_store.hpp"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "ledger/ledger_format.hpp"
#include "runtime/text.hpp"

namespace batch_notifier::ledger {

namespace {

using runtime::Severity;

constexpr std::string_view ledger_name = "ledger";

}  // namespace

LedgerStore::LedgerStore(runtime::EventLoop& loop, runtime::Log& log) : loop_(loop), log_(log) {
}

void LedgerStore::open(const char* directory, std::string_view configuration,
                       TakeoverHandlers handlers, core::MonotonicTime started) {
  handlers_ = std::move(handlers);
  waiting_since_ = runtime::read_clocks().monotonic;
  std::string reason = "no state directory";
  try {
    if (directory != nullptr) {
      directory_.emplace(loop_, log_, directory, handlers_, started);
      journal_.emplace(*directory_);
    }
  } catch (const std::exception& error) {
    reason = error.what();
  }
  if (!directory_) {
    log_.write(Severity::warning,
               reason + ": pending changes survive a reload, but no crash or restart");
  }
  const std::string place =
      std::string(configuration) + "\n" + (directory != nullptr ? directory : "");
  handover_.emplace(
      loop_, log_, place,
      TakeoverHandlers{[this] { acquire_directory(); }, handlers_.requested, handlers_.outlived},
      started);
  handover_->acquire(waiting_since_);
}

void LedgerStore::acquire_directory() {
  if (!directory_) {
    handlers_.acquired();
    return;
  }
  // An older worker that hangs has had its time; one that has just ended may still release the
  // lock.
  directory_->acquire(handover_->forced() ? waiting_since_ : runtime::read_clocks().monotonic);
}

void LedgerStore::hold_until(core::MonotonicTime end) {
  try {
    handover_->hold_until(end);
    if (directory_) {
      directory_->hold_until(end);
    }
  } catch (const std::exception& error) {
    log_.write(Severity::error, std::string("handover: cannot ask the next worker for time: ") +
                                    error.what() + "; it waits " +
                                    runtime::seconds_text(takeover_patience) +
                                    " and then begins, although a delivery may still run");
  }
}

core::Ledger LedgerStore::read() {
  std::optional<Legacy> legacy = handover_->take_legacy();
  // A worker that did not finish may have written its ledger after it passed one on.
  const bool has_file = directory_ && directory_->held() &&
                        access(directory_->path_of(ledger_name).c_str(), F_OK) == 0;
  if (!legacy || (handover_->forced() && has_file)) {
    return read_file();
  }
  try {
    core::Ledger ledger = read_ledger(legacy->ledger);
    inherited_ = ledger::read_journal(legacy->journal);
    return ledger;
  } catch (const std::exception& error) {
    log_.write(Severity::error, std::string("handover: the ledger that an older worker passed on "
                                            "cannot be used: ") +
                                    error.what() +
                                    "; the state directory's ledger is used, if there is one");
  }
  return read_file();
}

core::Ledger LedgerStore::read_file() {
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
  JournalContents contents;
  std::string reason = "a record is damaged";
  try {
    if (inherited_) {
      contents = *std::exchange(inherited_, std::nullopt);
    } else if (journal_) {
      contents = journal_->read().value_or(JournalContents{});
    }
  } catch (const std::exception& error) {
    contents.damaged = true;
    reason = error.what();
  }
  if (contents.damaged) {
    log_.write(Severity::error,
               "the FIFO journal cannot be used: " + reason +
                   "; FIFO lines that a former worker read last are lost, so the FIFO's states do "
                   "not count until its next line");
  }
  uncommitted_ = contents.bytes;
  return contents;
}

bool LedgerStore::is_needed() const {
  return directory_ || is_awaited();
}

void LedgerStore::save(const core::Ledger& ledger) {
  if (!is_needed()) {
    return;
  }
  std::string text = write_ledger(ledger);
  try {
    if (handover_->is_awaited()) {
      handover_->pass_on({text, journal_head() + journal_record(uncommitted_)});
    }
  } catch (const std::exception& error) {
    log_.write(Severity::error,
               std::string("handover: the ledger cannot be passed on to the next worker: ") +
                   error.what() + "; it reads the state directory's, if there is one");
  }
  try {
    if (directory_) {
      write(std::move(text));
      failed_ = false;
    }
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

void LedgerStore::write(std::string text) {
  if (text != saved_ && directory_->held()) {
    directory_->replace(ledger_name, text);
    saved_ = std::move(text);
  }
  // Last: a crash before this only replays lines.
  journal_->replace(uncommitted_);
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
