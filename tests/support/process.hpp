// SPDX-License-Identifier: MIT
/// @file
/// Programs that tests start: killed and reaped when their owner goes, and by the kernel when the
/// test program itself is killed, so that nothing is left behind.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace batch_notifier::tests {

/// A running program. Its standard output and error go to a file, which a test can read.
class Process {
 public:
  /// Starts `arguments` (found in PATH) with the test's environment and `environment` on top.
  /// Output goes to `output_path`, or to the test's own where that is empty. Throws
  /// std::runtime_error when it cannot be started.
  explicit Process(const std::vector<std::string>& arguments, const std::string& output_path = "",
                   const std::map<std::string, std::string>& environment = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  /// Kills and reaps it if it still runs.
  ~Process();

  /// Its process ID.
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Sends a signal, if it still runs.
  void signal(int number) const;
  /// Whether it has not ended yet.
  bool running();
  /// How it ended, as waitpid(2) says; nothing while it runs.
  std::optional<int> status();
  /// Waits for its end, with patience. Nothing if it still runs then.
  std::optional<int> wait();

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

/// Runs a program to its end, with its output in the test's own. Throws std::runtime_error with the
/// command if it does not end with status 0.
void run(const std::vector<std::string>& arguments);

/// What a file holds; empty if there is none.
std::string read_file(const std::string& path);

/// Writes a file, replacing what it held. Throws std::runtime_error.
void write_file(const std::string& path, const std::string& contents);

/// A directory below /tmp that goes, with its contents, when its owner does.
class TemporaryDirectory {
 public:
  /// Makes it, with mode 0700. Throws std::runtime_error.
  TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();
  /// Its path.
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Path of a file in it.
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace batch_notifier::tests
