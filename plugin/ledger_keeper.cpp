// SPDX-License-Identifier: MIT
#include "ledger_keeper.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>

#include "runtime/ledger_file.hpp"

namespace batch_notifier {

namespace {

using runtime::Severity;

/// How many bytes of FIFO lines are kept beside the ledger at most before that is renewed.
constexpr std::size_t kept_at_most = 65'536;

}  // namespace

LedgerKeeper::LedgerKeeper(runtime::EventLoop& loop, runtime::Log& log,
                           std::function<void()> journal_full)
    : loop_(loop), log_(log), journal_full_(std::move(journal_full)) {
}

bool LedgerKeeper::open(const char* path, runtime::StateDirectory::Handlers handlers,
                        std::optional<core::MonotonicTime> started) {
  if (path == nullptr) {
    log_.write(Severity::warning, "no state directory: what is pending does not survive a restart");
    return false;
  }
  try {
    directory_ =
        std::make_unique<runtime::StateDirectory>(loop_, log_, path, std::move(handlers), started);
    directory_->acquire();
    return true;
  } catch (const std::exception& error) {
    directory_.reset();
    log_.write(Severity::error,
               std::string(error.what()) + "; what is pending does not survive a restart");
    return false;
  }
}

void LedgerKeeper::hold_until(core::MonotonicTime end) {
  try {
    if (directory_) {
      directory_->hold_until(end);
    }
  } catch (const std::exception& error) {
    log_.write(Severity::error, error.what());
  }
}

core::Ledger LedgerKeeper::read() {
  if (!directory_ || !directory_->held()) {
    return {};
  }
  try {
    const std::optional<std::string> text = directory_->read();
    return text ? runtime::read_ledger(*text) : core::Ledger{};
  } catch (const std::exception& error) {
    log_.write(Severity::error,
               directory_->ledger_path() + " cannot be used: " + error.what() +
                   "; it is kept as *.corrupt, and every consumer gets a snapshot");
  }
  try {
    directory_->set_aside();
  } catch (const std::exception& error) {
    log_.write(Severity::error, error.what());
  }
  return {};
}

std::optional<std::string> LedgerKeeper::kept() {
  try {
    unsettled_ = directory_ ? directory_->kept() : std::string();
    return unsettled_;
  } catch (const std::exception& error) {
    log_.write(Severity::error,
               std::string(error.what()) + "; what a former worker has heard last may be lost");
    return std::nullopt;
  }
}

void LedgerKeeper::save(const core::Ledger& ledger) {
  if (!directory_) {
    return;
  }
  try {
    std::string text = runtime::write_ledger(ledger);
    if (text != saved_) {
      directory_->write(text);
      saved_ = std::move(text);
    }
    // Last: what is kept too long is only heard twice.
    directory_->keep_only(unsettled_);
    failed_ = false;
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

void LedgerKeeper::fail(const std::string& reason) {
  // An older ledger would have the next run believe what is no longer so.
  directory_->discard();
  saved_.clear();
  // Once: a full file system would otherwise fill the log as well.
  if (!std::exchange(failed_, true)) {
    log_.write(Severity::error, reason + "; what is pending may not survive a restart");
  }
}

void LedgerKeeper::keep(std::string_view bytes) {
  if (!directory_) {
    return;
  }
  unsettled_ += bytes;
  try {
    if (directory_->keep(bytes) > kept_at_most) {
      journal_full_();
    }
  } catch (const std::exception& error) {
    fail(error.what());
    journal_full_();
  }
}

void LedgerKeeper::settle(std::size_t rest) {
  unsettled_.erase(0, unsettled_.size() - std::min(rest, unsettled_.size()));
}

void LedgerKeeper::forget() {
  unsettled_.clear();
  journal_full_();
}

}  // namespace batch_notifier
