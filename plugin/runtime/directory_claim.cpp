// SPDX-License-Identifier: MIT
#include "runtime/directory_claim.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/file.h>

#include "runtime/child_keeper.hpp"
#include "runtime/file_identity.hpp"
#include "runtime/lock_holders.hpp"
#include "runtime/own_file.hpp"

namespace batch_notifier::runtime {

namespace {

/// What a worker writes into a file of its own.
struct Claim {
  core::MonotonicTime started;  ///< Since when it claims the directory.
  core::MonotonicTime until;    ///< How long it asks others to wait.
};

/// Nothing if the file does not say.
std::optional<Claim> claim_in(const UniqueFd& file) {
  std::array<char, 64> text{};
  const ssize_t size = pread(file.get(), text.data(), text.size(), 0);
  std::array<std::int64_t, 2> microseconds{};
  const char* at = text.data();
  const char* const end = at + std::max<ssize_t>(size, 0);
  for (std::int64_t& number : microseconds) {
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc()) {
      return std::nullopt;
    }
    at = std::find_if(rest, end, [](char character) { return character != ' '; });
  }
  return Claim{core::MonotonicTime(core::Duration(microseconds[0])),
               core::MonotonicTime(core::Duration(microseconds[1]))};
}

/// Who has written it; 0 if it does not say.
pid_t writer_of(const UniqueFd& file) {
  std::array<char, 64> text{};
  const ssize_t size = std::max<ssize_t>(pread(file.get(), text.data(), text.size(), 0), 0);
  const std::string_view line(text.data(), static_cast<std::size_t>(size));
  pid_t pid = 0;
  std::from_chars(line.data() + line.rfind(' ') + 1, line.data() + line.size(), pid);
  return pid;
}

std::string text_of(const Claim& claim) {
  return std::to_string(claim.started.time_since_epoch().count()) + " " +
         std::to_string(claim.until.time_since_epoch().count()) + " " + std::to_string(getpid()) +
         "\n";
}

/// Replaces what the file says; `path` is for the error.
void say(const UniqueFd& file, const std::string& path, const Claim& claim) {
  if (ftruncate(file.get(), 0) != 0 || lseek(file.get(), 0, SEEK_SET) != 0) {
    throw_errno("cannot write " + path);
  }
  write_whole(file, path, text_of(claim));
}

}  // namespace

DirectoryClaim::DirectoryClaim(EventLoop& loop, Log& log, std::string path, Handlers handlers,
                               std::optional<core::MonotonicTime> started)
    : loop_(loop),
      log_(log),
      path_(std::move(path)),
      handlers_(std::move(handlers)),
      began_(read_clocks().monotonic),
      started_(started.value_or(began_)),
      timer_(loop, [this] { try_lock(); }) {
  lock_watch_.emplace(loop_, lock_path(), [this] { on_lock_changed(); });
  takeover_watch_.emplace(loop_, takeover_path(), [this] { on_asked(); });
}

void DirectoryClaim::acquire() {
  waiting_ = true;
  timer_.set(began_);
}

void DirectoryClaim::hold_until(core::MonotonicTime end) {
  if (held()) {
    say(lock_->file, lock_path(), {started_, end});
  }
}

bool DirectoryClaim::held() const {
  return lock_ && is_in_place(lock_->file, lock_path());
}

void DirectoryClaim::on_lock_changed() {
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

// Somebody has removed it, and nobody else has it.
void DirectoryClaim::renew_lock() {
  try {
    UniqueFd lock = open_own_file(lock_path(), O_RDWR | O_CREAT | O_EXCL);
    if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      throw_errno("cannot lock " + lock_path());
    }
    say(lock, lock_path(), {started_, {}});
    lock_.emplace(loop_, std::move(lock));
    log_.write(Severity::warning, lock_path() + " was removed, and is there again");
  } catch (const std::exception& error) {
    lock_.reset();
    log_.write(Severity::error, "the state directory is gone: " + std::string(error.what()) +
                                    "; what is pending does not survive a restart");
  }
}

void DirectoryClaim::on_asked() {
  if (!waiting_ && lock_ && newer_one_asks()) {
    handlers_.requested();
  }
}

bool DirectoryClaim::newer_one_asks() const {
  try {
    const UniqueFd file = open_own_file(takeover_path(), O_RDONLY);
    // Whoever has asked and is gone does not want it any more.
    const bool still_waits = flock(file.get(), LOCK_SH | LOCK_NB) != 0;
    const std::optional<Claim> claim = claim_in(file);
    return still_waits && claim && claim->started > started_;
  } catch (const std::exception&) {
    // Gone already, or from nobody who may ask.
    return false;
  }
}

void DirectoryClaim::try_lock() {
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

const std::function<void()>* DirectoryClaim::advance() {
  if (!candidate_ || !is_in_place(candidate_, lock_path())) {
    candidate_ = open_own_file(lock_path(), O_RDWR | O_CREAT);
  }
  if (flock(candidate_.get(), LOCK_EX | LOCK_NB) == 0) {
    return own(std::move(candidate_));
  }
  const std::optional<Claim> holder = claim_in(candidate_);
  if (holder && holder->started > started_) {
    return &handlers_.outlived;
  }
  core::MonotonicTime enough = began_ + patience;
  if (holder) {
    enough = std::max(enough, holder->until);
  }
  if (killed_) {
    enough += death_wait;
  }
  if (read_clocks().monotonic >= enough) {
    if (killed_ || !kill_holder()) {
      return take_by_force();
    }
    enough = read_clocks().monotonic + death_wait;
  }
  request();
  timer_.set(enough);
  return nullptr;
}

void DirectoryClaim::request() {
  const bool asks_already = request_ && is_in_place(request_, takeover_path());
  if (asks_already || newer_one_asks()) {
    return;
  }
  const std::string path = path_ + "/takeover." + std::to_string(getpid());
  UniqueFd file = open_own_file(path, O_RDWR | O_CREAT | O_TRUNC);
  write_whole(file, path, text_of({started_, {}}));
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0 ||
      rename(path.c_str(), takeover_path().c_str()) != 0) {
    throw_errno("cannot ask for the state directory " + path_);
  }
  request_ = std::move(file);
}

/// False where there is nobody to kill.
bool DirectoryClaim::kill_holder() {
  const std::vector<pid_t> holders = lock_holders(candidate_);
  const pid_t worker = writer_of(candidate_);
  for (const pid_t holder : holders) {
    // The others are the keepers of its deliveries.
    kill(holder, holder == worker ? SIGKILL : keeper_kill);
  }
  killed_ = !holders.empty();
  if (killed_) {
    log_.write(Severity::error, "another worker holds " + lock_path() +
                                    " and does not let go: it is ended, with its deliveries");
  }
  return killed_;
}

const std::function<void()>* DirectoryClaim::take_by_force() {
  log_.write(Severity::error,
             "another worker holds " + lock_path() + " and does not let go: it is left behind");
  const std::string path = path_ + "/lock." + std::to_string(getpid());
  UniqueFd lock = open_own_file(path, O_RDWR | O_CREAT | O_TRUNC);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0 || rename(path.c_str(), lock_path().c_str()) != 0) {
    throw_errno("cannot take " + lock_path());
  }
  return own(std::move(lock));
}

const std::function<void()>* DirectoryClaim::own(UniqueFd lock) {
  if (!is_in_place(lock, lock_path())) {
    // Another one has renamed its own over it between our opening and locking it.
    timer_.set(read_clocks().monotonic);
    return nullptr;
  }
  if (newer_one_asks()) {
    return &handlers_.outlived;
  }
  say(lock, lock_path(), {started_, {}});
  lock_.emplace(loop_, std::move(lock));
  return &handlers_.acquired;
}

}  // namespace batch_notifier::runtime
