// SPDX-License-Identifier: MIT
#include "ledger/directory_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include <sys/file.h>

#include "ledger/lock_note.hpp"
#include "runtime/child_keeper.hpp"
#include "runtime/file_identity.hpp"
#include "runtime/lock_holders.hpp"
#include "runtime/own_file.hpp"

namespace batch_notifier::ledger {

namespace {

using runtime::is_in_place;
using runtime::keeper_kill;
using runtime::lock_holders;
using runtime::open_own_file;
using runtime::read_clocks;
using runtime::Severity;
using runtime::throw_errno;
using runtime::UniqueFd;

/// How long a holder that was killed may take to end, with its deliveries.
constexpr core::Duration death_wait{1'000'000};

/// Nothing if the file has no intact note.
std::optional<LockNote> note_in(const UniqueFd& file) {
  std::array<char, lock_note_size + 1> text{};
  const ssize_t size = pread(file.get(), text.data(), text.size(), 0);
  return read_lock_note({text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))});
}

}  // namespace

DirectoryLock::DirectoryLock(runtime::EventLoop& loop, runtime::Log& log, std::string path,
                             Handlers handlers, core::MonotonicTime started)
    : loop_(loop),
      log_(log),
      path_(std::move(path)),
      handlers_(std::move(handlers)),
      started_(started),
      timer_(loop, [this] { try_lock(); }) {
  lock_watch_.emplace(loop, lock_path(), [this] { on_lock_changed(); });
  takeover_watch_.emplace(loop, takeover_path(), [this] { on_takeover_changed(); });
}

void DirectoryLock::acquire(core::MonotonicTime waiting_since) {
  waiting_ = true;
  waiting_since_ = waiting_since;
  timer_.set(waiting_since);
}

void DirectoryLock::hold_until(core::MonotonicTime end) {
  if (held()) {
    write_note(lock_->file, lock_path(), end);
  }
}

bool DirectoryLock::held() const {
  return lock_ && is_in_place(lock_->file, lock_path());
}

void DirectoryLock::on_lock_changed() {
  if (waiting_) {
    try_lock();
  } else if (lock_ && !is_in_place(lock_->file, lock_path())) {
    if (access(lock_path().c_str(), F_OK) != 0) {
      renew_lock();
    } else {
      lock_.reset();
      handlers_.outlived();
    }
  }
}

// The file was removed, and no other worker has made a new one.
void DirectoryLock::renew_lock() {
  try {
    UniqueFd lock = open_own_file(lock_path(), O_RDWR | O_CREAT | O_EXCL);
    if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      throw_errno("cannot lock " + lock_path());
    }
    write_note(lock, lock_path(), {});
    lock_.emplace(loop_, std::move(lock));
    log_.write(Severity::warning, lock_path() + " was removed by somebody: it was made again");
  } catch (const std::exception& error) {
    lock_.reset();
    log_.write(Severity::error, "state directory " + path_ + " is gone: " + error.what() +
                                    "; pending changes do not survive a crash or restart");
  }
}

void DirectoryLock::on_takeover_changed() {
  if (!waiting_ && lock_ && newer_one_waits()) {
    handlers_.requested();
  }
}

bool DirectoryLock::newer_one_waits() const {
  try {
    const UniqueFd file = open_own_file(takeover_path(), O_RDONLY);
    // One that has ended since no longer holds the lock on its note.
    const bool still_waits = flock(file.get(), LOCK_SH | LOCK_NB) != 0;
    const std::optional<LockNote> note = note_in(file);
    return still_waits && note && note->started > started_;
  } catch (const std::exception&) {
    // Removed since, or not made by a worker of this user.
    return false;
  }
}

void DirectoryLock::try_lock() {
  // Called outside of the try block, because an exception of a handler is not about the directory.
  const std::function<void()>* news = nullptr;
  try {
    news = advance();
  } catch (const std::exception& error) {
    log_.write(Severity::error, "state directory " + path_ + " is not used: " + error.what() +
                                    "; pending changes do not survive a crash or restart");
    news = &handlers_.acquired;
  }
  if (news != nullptr) {
    waiting_ = false;
    request_.reset();
    timer_.cancel();
    (*news)();
  }
}

const std::function<void()>* DirectoryLock::advance() {
  if (!candidate_ || !is_in_place(candidate_, lock_path())) {
    candidate_ = open_own_file(lock_path(), O_RDWR | O_CREAT);
  }
  if (flock(candidate_.get(), LOCK_EX | LOCK_NB) == 0) {
    return own(std::move(candidate_));
  }
  const std::optional<LockNote> holder = note_in(candidate_);
  if (holder && holder->started > started_) {
    return &handlers_.outlived;
  }
  core::MonotonicTime enough = waiting_since_ + takeover_patience;
  if (holder) {
    enough = std::clamp(holder->until, enough, waiting_since_ + longest_takeover);
  }
  if (killed_) {
    enough += death_wait;
  }
  const core::MonotonicTime now = read_clocks().monotonic;
  if (now >= enough) {
    if (killed_ || !kill_holders()) {
      return take_by_force();
    }
    enough = now + death_wait;
  }
  request();
  timer_.set(enough);
  return nullptr;
}

void DirectoryLock::request() {
  const bool asks_already = request_ && is_in_place(request_, takeover_path());
  if (asks_already || newer_one_waits()) {
    return;
  }
  const std::string path = takeover_path() + "." + std::to_string(getpid());
  UniqueFd file = open_own_file(path, O_RDWR | O_CREAT | O_TRUNC);
  write_note(file, path, {});
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0 ||
      rename(path.c_str(), takeover_path().c_str()) != 0) {
    throw_errno("cannot ask for the state directory " + path_);
  }
  request_ = std::move(file);
}

bool DirectoryLock::kill_holders() {
  const std::vector<pid_t> holders = lock_holders(candidate_);
  const std::optional<LockNote> note = note_in(candidate_);
  for (const pid_t holder : holders) {
    // The others are the keepers of its deliveries.
    kill(holder, note && holder == note->pid ? SIGKILL : keeper_kill);
  }
  killed_ = !holders.empty();
  if (killed_) {
    log_.write(Severity::error,
               "state directory " + path_ + ": the worker that holds its lock" +
                   (note ? ", process " + std::to_string(note->pid) + "," : "") +
                   " did not finish in time: it is killed with its deliveries, and "
                   "this one continues from its ledger");
  }
  return killed_;
}

const std::function<void()>* DirectoryLock::take_by_force() {
  log_.write(
      Severity::error,
      "state directory " + path_ +
          ": the worker that holds its lock did not finish in time "
          "and cannot be killed: this one takes the lock away; a delivery of the other one may "
          "still run");
  const std::string path = lock_path() + "." + std::to_string(getpid());
  UniqueFd lock = open_own_file(path, O_RDWR | O_CREAT | O_TRUNC);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0 || rename(path.c_str(), lock_path().c_str()) != 0) {
    throw_errno("cannot take " + lock_path());
  }
  return own(std::move(lock));
}

const std::function<void()>* DirectoryLock::own(UniqueFd lock) {
  if (!is_in_place(lock, lock_path())) {
    // Another worker has renamed its own file over it between opening and locking.
    timer_.set(read_clocks().monotonic);
    return nullptr;
  }
  if (newer_one_waits()) {
    return &handlers_.outlived;
  }
  write_note(lock, lock_path(), {});
  lock_.emplace(loop_, std::move(lock));
  return &handlers_.acquired;
}

void DirectoryLock::write_note(const UniqueFd& file, const std::string& path,
                               core::MonotonicTime until) const {
  const std::string text = write_lock_note({started_, until, getpid()});
  // One write over the former note, so that no reader finds the file empty.
  if (ftruncate(file.get(), lock_note_size) != 0 ||
      pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw_errno("cannot write " + path);
  }
}

}  // namespace batch_notifier::ledger
