// SPDX-License-Identifier: MIT
/// @file
/// One node of a cluster, as a user would have it: a real keepalived in a network namespace, with
/// the plugin switched on in its keepalived.conf, and two consumers: a command and a file.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/test/tree/test_unit.hpp>  // IWYU pragma: keep
#include <sys/types.h>

#include "ledger/lock_note.hpp"
#include "tests/support/network_namespace.hpp"
#include "tests/support/process.hpp"

namespace batch_notifier::tests {

/// Whether this machine can run one: root, and keepalived is installed.
bool can_run_keepalived();

/// For boost::unit_test::precondition(): the same, with the reason for skipping.
inline boost::test_tools::assertion_result keepalived_runs(
    boost::unit_test::test_unit_id /*unit*/) {
  boost::test_tools::assertion_result result(can_run_keepalived());
  result.message() << "needs root and keepalived";
  return result;
}

/// In what nodes differ but for their instances.
struct NodeSetup {
  std::string bus_address;   ///< The node's system bus; empty for a machine without one.
  bool enable_dbus = true;   ///< Whether keepalived is to be on it.
  bool with_fifo = true;     ///< Whether keepalived has a notify FIFO, and so starts the plugin.
  std::string more_globals;  ///< More lines of global_defs.
  /// Whether the loader is started with --config; otherwise it has to find out.
  bool loader_is_given_config = true;
  /// More options on keepalived's command line.
  std::vector<std::string> keepalived_options = {};
};

/// A keepalived and the plugin that it starts. Both are gone when this goes.
class KeepalivedNode {
 public:
  /// Writes the configuration but starts nothing. `body` is what follows global_defs in
  /// keepalived.conf.
  KeepalivedNode(const NetworkNamespace& where, NodeSetup setup, const std::string& body);
  /// The same, on the given bus if that is not empty.
  KeepalivedNode(const NetworkNamespace& where, const std::string& bus_address,
                 const std::string& body);
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
  /// Starts a loader as keepalived would, but by hand: without a FIFO if `fifo` is empty. It is
  /// nobody's notify script, and its log is loader_log().
  Process& start_loader(const std::string& fifo);
  /// SIGTERM to keepalived, as a service manager does; returns when keepalived has ended.
  void stop();
  /// Ends keepalived, parent and child, as a crash of both would.
  void crash();
  /// SIGHUP to keepalived.
  void reload();
  /// The keepalived parent process.
  [[nodiscard]] Process& keepalived() { return *keepalived_; }
  /// Process IDs of everything that was started for this node: keepalived's, the plugin's,
  /// commands.
  [[nodiscard]] std::vector<pid_t> processes() const;
  /// Process IDs of the plugin's own processes, loader and worker.
  [[nodiscard]] std::vector<pid_t> plugin_processes() const;
  /// The one of them that leads a session of its own, the worker; -1 if there is none.
  [[nodiscard]] pid_t worker() const;
  /// The one that does not, the loader itself; -1 if there is none.
  [[nodiscard]] pid_t supervisor() const;
  /// The process ID that the worker that holds the state directory has written there; empty if none
  /// has. keepalived takes its scripts' standard error away, so the log does not tell.
  [[nodiscard]] std::string holder() const {
    const auto note = ledger::read_lock_note(read_file(file("state/lock")));
    return note ? std::to_string(note->pid) : std::string();
  }
  /// Process ID in one of keepalived's own files, "keepalived.pid" or "vrrp.pid".
  [[nodiscard]] pid_t pid_in(const std::string& name) const;
  /// CPU time that they have used so far, in milliseconds.
  [[nodiscard]] double plugin_cpu_ms() const;

  /// keepalived's own word on an instance, asked for over D-Bus: "Master", "Backup", "Fault" …;
  /// empty if it does not answer.
  [[nodiscard]] std::string state_on_dbus(const std::string& path_end) const;

  /// The file that the notify_batch command keeps.
  [[nodiscard]] std::string command_file() const { return files_.file("command.jsonl"); }
  /// The file of the append_file notifier.
  [[nodiscard]] std::string append_file() const { return files_.file("append.jsonl"); }
  /// How many batches the command has been given.
  [[nodiscard]] std::size_t batches() const;
  /// The log of loaders that were started by hand.
  [[nodiscard]] std::string loader_log() const { return read_file(files_.file("loader.log")); }
  /// The log of keepalived.
  [[nodiscard]] std::string log() const { return read_file(files_.file("log")); }
  /// Where all files of the node are; keepalived's TMPDIR.
  [[nodiscard]] const std::string& path() const { return files_.path(); }
  /// A file of the node.
  [[nodiscard]] std::string file(const std::string& name) const { return files_.file(name); }

 private:
  [[nodiscard]] std::map<std::string, std::string> environment() const;

  const NetworkNamespace& where_;
  NodeSetup setup_;
  TemporaryDirectory files_;
  std::string loader_;
  std::string command_options_;
  std::unique_ptr<Process> keepalived_;
  std::list<Process> loaders_;
};

}  // namespace batch_notifier::tests
