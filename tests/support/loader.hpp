// SPDX-License-Identifier: MIT
/// @file
/// The real loader with a plugin that behaves as told (tests/host/fake_plugin.c). Workers leave
/// their process group and outlive their supervisor, so the test adopts them: what the kernel
/// would hand to init comes here, is waited for by its parent, and cannot be left behind.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/support/process.hpp"

namespace batch_notifier::tests {

/// Path of a file that has been built; BATCH_NOTIFIER_BUILD names the directory, else `build`.
std::string built(const std::string& name);

/// A directory with a configuration, a trace and an output file, and the loaders started in it.
class LoaderBench {
 public:
  LoaderBench();
  LoaderBench(const LoaderBench&) = delete;
  LoaderBench& operator=(const LoaderBench&) = delete;
  /// Kills and reaps whatever still runs.
  ~LoaderBench();

  /// Writes the plugin's configuration.
  void configure(const std::string& behaviour) const;

  /// Starts the loader in a process group of its own, as keepalived does, with the configuration
  /// and the state directory below, logging to its output. `prefix` are commands that execute it.
  Process& start(const std::vector<std::string>& more_options = {},
                 const std::vector<std::string>& prefix = {});

  /// Starts the loader with nothing but these arguments.
  Process& start_plain(const std::vector<std::string>& arguments);

  /// What all loaders printed.
  [[nodiscard]] std::string output() const { return read_file(output_path); }
  /// What the plugin wrote down.
  [[nodiscard]] std::string trace() const { return read_file(trace_path); }
  /// Waits until the plugin has written this.
  [[nodiscard]] bool wait_for_trace(const std::string& text) const;
  /// Waits until `count` workers have been started, and returns their process IDs; fewer if no more
  /// have come.
  [[nodiscard]] std::vector<pid_t> wait_for_workers(std::size_t count) const;

  /// Waits until the orphan `worker` has ended and returns its status, as waitpid(2) says.
  static std::optional<int> wait_for_orphan(pid_t worker);
  /// Waits until `worker`, its supervisor being dead, is a child of the test; says whether it still
  /// runs then.
  static bool adopt(pid_t worker);

  TemporaryDirectory directory;                                 ///< Holds everything below.
  std::string plugin = built("tests/fake_plugin.so");           ///< The plugin that start() loads.
  std::string config_path = directory.file("keepalived.conf");  ///< Given with --config.
  std::string state_dir = directory.file("state");              ///< Given with --state-dir.
  std::string fifo_path = directory.file("fifo");               ///< A FIFO, given as such.
  std::string trace_path = directory.file("trace");             ///< FAKE_PLUGIN_TRACE.
  std::string output_path = directory.file("output");           ///< Standard output and error.

 private:
  [[nodiscard]] std::vector<pid_t> workers() const;

  std::list<Process> loaders_;
};

}  // namespace batch_notifier::tests
