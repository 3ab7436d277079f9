// SPDX-License-Identifier: MIT
/// @file
/// Processes that a test did not start itself, known by what they wrote into a file.
#pragma once

#include <csignal>
#include <sstream>
#include <string>

#include <sys/types.h>

#include "tests/support/process.hpp"

namespace batch_notifier::tests {

/// The number in a file, once it is there with its newline; 0 until then.
inline pid_t read_pid(const std::string& path) {
  const std::string text = read_file(path);
  return text.empty() || text.back() != '\n' ? 0 : std::stoi(text);
}

/// Whether the process runs. One that has ended does not, even if nobody has reaped it.
inline bool alive(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = stat.rfind(") ");
  return name_end != std::string::npos && stat.at(name_end + 2) != 'Z' &&
         stat.at(name_end + 2) != 'X';
}

/// Kills the process whose number is in a file when the test ends, however that may be.
class KillAtEnd {
 public:
  /// The file may come later, or never.
  explicit KillAtEnd(std::string path) : path_(std::move(path)) {}
  KillAtEnd(const KillAtEnd&) = delete;
  KillAtEnd& operator=(const KillAtEnd&) = delete;
  ~KillAtEnd() {
    const pid_t pid = read_pid(path_);
    if (pid > 0) {
      kill(pid, SIGKILL);
    }
  }

 private:
  std::string path_;
};

}  // namespace batch_notifier::tests
