// SPDX-License-Identifier: MIT
#include "runtime/state_directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/file.h>
#include <sys/stat.h>

#include "runtime/file_identity.hpp"

namespace batch_notifier::runtime {

namespace {

constexpr mode_t own_mode = 0600;

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

UniqueFd open_own(const std::string& path, int flags) {
  UniqueFd file(open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, own_mode));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) {
    throw_errno("cannot open " + path);
  }
  if (!S_ISREG(status.st_mode) || status.st_uid != geteuid()) {
    throw std::runtime_error(path + " is not a regular file of this user");
  }
  return file;
}

void write_whole(const UniqueFd& file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(file.get(), text.data(), text.size());
    if (count < 0 && errno != EINTR) {
      throw_errno("cannot write " + path);
    }
    text.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
  }
}

/// Since when the worker runs that wrote a file; nothing if it has not said so.
std::optional<core::MonotonicTime> started_by(const UniqueFd& file) {
  std::array<char, 32> text{};
  const ssize_t size = pread(file.get(), text.data(), text.size(), 0);
  std::int64_t microseconds = 0;
  if (size <= 0 ||
      std::from_chars(text.data(), text.data() + size, microseconds).ec != std::errc()) {
    return std::nullopt;
  }
  return core::MonotonicTime(core::Duration(microseconds));
}

std::string started_text(core::MonotonicTime started) {
  // The process is for people.
  return std::to_string(started.time_since_epoch().count()) + " " + std::to_string(getpid()) + "\n";
}

}  // namespace

std::optional<std::string> read_own_file(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    return std::nullopt;
  }
  const UniqueFd file = open_own(path, O_RDONLY);
  std::string text;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) {
      throw_errno("cannot read " + path);
    }
    if (count == 0) {
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

StateDirectory::StateDirectory(EventLoop& loop, Log& log, std::string path, Handlers handlers,
                               std::optional<core::MonotonicTime> started)
    : loop_(loop),
      log_(log),
      path_(std::move(path)),
      handlers_(std::move(handlers)),
      began_(read_clocks().monotonic),
      started_(started.value_or(began_)),
      timer_(loop, [this] { try_lock(); }) {
  struct stat status {};
  if (lstat(path_.c_str(), &status) != 0) {
    throw_errno("cannot use the state directory " + path_);
  }
  const bool writable_by_others = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || writable_by_others) {
    throw std::runtime_error("cannot use the state directory " + path_ +
                             ": it must be a directory that only this user can write");
  }
  lock_watch_.emplace(loop_, lock_path(), [this] { on_lock_changed(); });
  takeover_watch_.emplace(loop_, takeover_path(), [this] { on_asked(); });
}

void StateDirectory::acquire() {
  waiting_ = true;
  timer_.set(began_);
}

bool StateDirectory::held() const {
  return lock_ && is_in_place(lock_, lock_path());
}

void StateDirectory::on_lock_changed() {
  if (waiting_) {
    try_lock();
  } else if (lock_ && !is_in_place(lock_, lock_path())) {
    lock_.reset();
    handlers_.outlived();
  }
}

void StateDirectory::on_asked() {
  if (!waiting_ && lock_ && newer_one_asks()) {
    handlers_.requested();
  }
}

bool StateDirectory::newer_one_asks() const {
  try {
    const UniqueFd file = open_own(takeover_path(), O_RDONLY);
    // Whoever has asked and is gone does not want it any more.
    const bool still_waits = flock(file.get(), LOCK_SH | LOCK_NB) != 0;
    return still_waits && started_by(file).value_or(started_) > started_;
  } catch (const std::exception&) {
    // Gone already, or from nobody who may ask.
    return false;
  }
}

void StateDirectory::try_lock() {
  // Called last and outside, because what a handler throws is not about the directory.
  const std::function<void()>* news = nullptr;
  try {
    news = advance();
  } catch (const std::exception& error) {
    log_.write(Severity::error, std::string(error.what()) + "; going on without the ledger");
    news = &handlers_.acquired;
  }
  if (news != nullptr) {
    waiting_ = false;
    request_.reset();
    timer_.cancel();
    (*news)();
  }
}

const std::function<void()>* StateDirectory::advance() {
  if (!candidate_ || !is_in_place(candidate_, lock_path())) {
    candidate_ = open_own(lock_path(), O_RDWR | O_CREAT);
  }
  if (flock(candidate_.get(), LOCK_EX | LOCK_NB) == 0) {
    return own(std::move(candidate_));
  }
  if (started_by(candidate_).value_or(started_) > started_) {
    return &handlers_.outlived;
  }
  if (read_clocks().monotonic >= began_ + patience) {
    return take_by_force();
  }
  request();
  timer_.set(began_ + patience);
  return nullptr;
}

void StateDirectory::request() {
  const bool asks_already = request_ && is_in_place(request_, takeover_path());
  if (asks_already || newer_one_asks()) {
    return;
  }
  const std::string path = path_ + "/takeover." + std::to_string(getpid());
  UniqueFd file = open_own(path, O_RDWR | O_CREAT | O_TRUNC);
  write_whole(file, path, started_text(started_));
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0 ||
      rename(path.c_str(), takeover_path().c_str()) != 0) {
    throw_errno("cannot ask for the state directory " + path_);
  }
  request_ = std::move(file);
}

const std::function<void()>* StateDirectory::take_by_force() {
  log_.write(Severity::error,
             "another worker holds " + lock_path() + " and does not let go: it is left behind");
  const std::string path = path_ + "/lock." + std::to_string(getpid());
  UniqueFd lock = open_own(path, O_RDWR | O_CREAT | O_TRUNC);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0 || rename(path.c_str(), lock_path().c_str()) != 0) {
    throw_errno("cannot take " + lock_path());
  }
  return own(std::move(lock));
}

const std::function<void()>* StateDirectory::own(UniqueFd lock) {
  if (!is_in_place(lock, lock_path())) {
    // Another one has renamed its own over it between our opening and locking it.
    timer_.set(read_clocks().monotonic);
    return nullptr;
  }
  if (newer_one_asks()) {
    return &handlers_.outlived;
  }
  if (ftruncate(lock.get(), 0) != 0 || lseek(lock.get(), 0, SEEK_SET) != 0) {
    throw_errno("cannot write " + lock_path());
  }
  write_whole(lock, lock_path(), started_text(started_));
  lock_ = std::move(lock);
  return &handlers_.acquired;
}

std::optional<std::string> StateDirectory::read() const {
  return read_own_file(ledger_path());
}

void StateDirectory::write(const std::string& text) {
  if (held()) {
    replace(ledger_path(), text);
  }
}

UniqueFd StateDirectory::replace(const std::string& path, std::string_view text) {
  const std::string draft = path + ".new";
  UniqueFd file = open_own(draft, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  write_whole(file, draft, text);
  if (rename(draft.c_str(), path.c_str()) != 0) {
    throw_errno("cannot replace " + path);
  }
  return file;
}

std::size_t StateDirectory::keep(std::string_view bytes) {
  if (!held()) {
    return 0;
  }
  if (!kept_) {
    keep_only(bytes);
  } else {
    write_whole(kept_, kept_path(), bytes);
    kept_size_ += bytes.size();
  }
  return kept_size_;
}

void StateDirectory::keep_only(std::string_view bytes) {
  if (!held()) {
    return;
  }
  kept_.reset();
  kept_size_ = bytes.size();
  if (!bytes.empty()) {
    kept_ = replace(kept_path(), bytes);
  } else if (unlink(kept_path().c_str()) != 0 && errno != ENOENT) {
    throw_errno("cannot remove " + kept_path());
  }
}

std::string StateDirectory::kept() const {
  return read_own_file(kept_path()).value_or("");
}

void StateDirectory::discard() {
  if (!held()) {
    return;
  }
  kept_.reset();
  for (const std::string& path : {ledger_path(), kept_path()}) {
    unlink(path.c_str());
    unlink((path + ".new").c_str());
  }
}

void StateDirectory::set_aside() const {
  if (rename(ledger_path().c_str(), (ledger_path() + ".corrupt").c_str()) != 0) {
    throw_errno("cannot set aside " + ledger_path());
  }
}

}  // namespace batch_notifier::runtime
