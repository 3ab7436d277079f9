// SPDX-License-Identifier: MIT
/// @file
/// One node of a cluster, as a user would have it: a real keepalived in a network namespace, with
/// the plugin switched on in its keepalived.conf, and two consumers: a command and a file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/support/network_namespace.hpp"
#include "tests/support/process.hpp"

namespace batch_notifier::tests {

/// Whether this machine can run one: root, and keepalived is installed.
bool can_run_keepalived();

/// A keepalived and the plugin that it starts. Both are gone when this goes.
class KeepalivedNode {
 public:
  /// Writes the configuration but starts nothing. `bus_address` is the node's system bus, empty for
  /// none; `body` is what follows global_defs in keepalived.conf.
  KeepalivedNode(const NetworkNamespace& where, std::string bus_address, const std::string& body);
  KeepalivedNode(const KeepalivedNode&) = delete;
  KeepalivedNode& operator=(const KeepalivedNode&) = delete;
  ~KeepalivedNode();

  /// Has keepalived start this program instead of the loader, with the loader's arguments. From the
  /// next configure() on.
  void start_plugin_with(const std::string& program) { loader_ = program; }
  /// Options of the notify_batch line, from the next configure() on.
  void set_command_options(const std::string& options) { command_options_ = options; }
  /// Replaces the configuration; takes effect with the next start() or reload().
  void configure(const std::string& body);
  /// What `keepalived -t` says of it, and its exit status behind that.
  std::string test_configuration();
  /// Starts keepalived, which starts the loader, which starts the plugin.
  void start();
  /// SIGTERM to keepalived, as a service manager does; returns when keepalived has ended.
  void stop();
  /// SIGHUP to keepalived.
  void reload();
  /// The keepalived parent process.
  [[nodiscard]] Process& keepalived() { return *keepalived_; }
  /// Process IDs of everything that was started for this node: keepalived's, the plugin's,
  /// commands.
  [[nodiscard]] std::vector<pid_t> processes() const;
  /// Process IDs of the plugin's own processes, loader and worker.
  [[nodiscard]] std::vector<pid_t> plugin_processes() const;
  /// CPU time that they have used so far, in milliseconds.
  [[nodiscard]] double plugin_cpu_ms() const;

  /// keepalived's own word on an instance, asked for over D-Bus: "Master", "Backup", "Fault" …;
  /// empty if it does not answer.
  [[nodiscard]] std::string state_on_dbus(const std::string& path_end) const;

  /// The file that the notify_batch command keeps.
  [[nodiscard]] std::string command_file() const { return files_.file("command.jsonl"); }
  /// The file of the append_file notifier.
  [[nodiscard]] std::string append_file() const { return files_.file("append.jsonl"); }
  /// The log of keepalived and of the plugin.
  [[nodiscard]] std::string log() const { return read_file(files_.file("log")); }
  /// Where all files of the node are; keepalived's TMPDIR.
  [[nodiscard]] const std::string& path() const { return files_.path(); }
  /// A file of the node.
  [[nodiscard]] std::string file(const std::string& name) const { return files_.file(name); }

 private:
  const NetworkNamespace& where_;
  std::string bus_address_;
  TemporaryDirectory files_;
  std::string loader_;
  std::string command_options_;
  std::unique_ptr<Process> keepalived_;
};

}  // namespace batch_notifier::tests
