// SPDX-License-Identifier: MIT
#include "runtime/lock_holders.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>  // IWYU pragma: keep
#include <string>
#include <system_error>

#include <sys/stat.h>

namespace batch_notifier::runtime {

namespace {

namespace fs = std::filesystem;

/// Whether the open file with this entry in /proc/PID/fdinfo is locked.
bool is_locked(const fs::path& info) {
  std::ifstream lines(info);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("lock:") && line.find("FLOCK") != std::string::npos) {
      return true;
    }
  }
  return false;
}

bool holds(const fs::path& process, const struct stat& file) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(process / "fd", error)) {
    struct stat open_file {};
    if (stat(entry.path().c_str(), &open_file) == 0 && open_file.st_ino == file.st_ino &&
        open_file.st_dev == file.st_dev &&
        is_locked(process / "fdinfo" / entry.path().filename())) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<pid_t> lock_holders(const UniqueFd& file) {
  struct stat status {};
  std::vector<pid_t> holders;
  if (fstat(file.get(), &status) != 0) {
    return holders;
  }
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    const auto pid = static_cast<pid_t>(std::stol(name));
    if (pid != getpid() && holds(entry.path(), status)) {
      holders.push_back(pid);
    }
  }
  return holders;
}

}  // namespace batch_notifier::runtime
