// SPDX-License-Identifier: MIT
#include "ledger/state_directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include <sys/stat.h>

#include "runtime/command_security.hpp"
#include "runtime/own_file.hpp"

namespace batch_notifier::ledger {

namespace {

/// Throws unless only this user can write the directory, and unless nobody but root can put another
/// one in its place where root writes into it.
const std::string& checked(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    runtime::throw_errno("cannot use the state directory " + path);
  }
  const bool writable_by_others = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || writable_by_others) {
    throw std::runtime_error("cannot use the state directory " + path +
                             ": it must be a directory that only this user can write");
  }
  if (geteuid() == 0) {
    const std::string absolute = std::filesystem::absolute(path);
    if (const auto flaw = runtime::find_command_flaw(absolute.c_str())) {
      throw std::runtime_error("cannot use the state directory " + path + ": " + describe(*flaw));
    }
  }
  return path;
}

}  // namespace

StateDirectory::StateDirectory(runtime::EventLoop& loop, runtime::Log& log, std::string path,
                               Handlers handlers, core::MonotonicTime started)
    : path_(std::move(path)), lock_(loop, log, checked(path_), std::move(handlers), started) {
}

std::string StateDirectory::path_of(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

std::optional<std::string> StateDirectory::read(std::string_view name) const {
  return runtime::read_own_file(path_of(name));
}

runtime::UniqueFd StateDirectory::replace(std::string_view name, std::string_view text) {
  if (!held()) {
    return {};
  }
  const std::string path = path_of(name);
  const std::string draft = path + ".new";
  runtime::UniqueFd file = runtime::open_own_file(draft, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  runtime::write_whole(file, draft, text);
  if (rename(draft.c_str(), path.c_str()) != 0) {
    runtime::throw_errno("cannot replace " + path);
  }
  return file;
}

void StateDirectory::remove(std::string_view name) {
  if (!held()) {
    return;
  }
  const std::string path = path_of(name);
  // Also what a failed replace() has left, which takes space.
  unlink((path + ".new").c_str());
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    runtime::throw_errno("cannot remove " + path);
  }
}

void StateDirectory::set_aside(std::string_view name) const {
  const std::string path = path_of(name);
  if (rename(path.c_str(), (path + ".corrupt").c_str()) != 0) {
    runtime::throw_errno("cannot rename " + path + " to *.corrupt");
  }
}

}  // namespace batch_notifier::ledger
