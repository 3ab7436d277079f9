// SPDX-License-Identifier: MIT
#include "runtime/state_directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include <sys/stat.h>

#include "runtime/own_file.hpp"

namespace batch_notifier::runtime {

namespace {

/// Throws unless only this user can write the directory.
const std::string& checked(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    throw_errno("cannot use the state directory " + path);
  }
  const bool writable_by_others = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || writable_by_others) {
    throw std::runtime_error("cannot use the state directory " + path +
                             ": it must be a directory that only this user can write");
  }
  return path;
}

}  // namespace

StateDirectory::StateDirectory(EventLoop& loop, Log& log, std::string path, Handlers handlers,
                               std::optional<core::MonotonicTime> started)
    : path_(std::move(path)), claim_(loop, log, checked(path_), std::move(handlers), started) {
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
  UniqueFd file = open_own_file(draft, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
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
