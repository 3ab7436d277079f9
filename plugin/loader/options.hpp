// SPDX-License-Identifier: MIT
/// @file
/// The command line. Few options on purpose: whatever belongs to notifying is set in
/// keepalived.conf, and the loader knows only what it needs before it can hand that file on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace batch_notifier::loader {

/// What the loader has been called to do.
enum class Action : std::uint8_t {
  run,          ///< Supervise a worker until a signal ends it.
  config_test,  ///< Report the problems of the configuration.
  help,         ///< Print the usage.
  version,      ///< Print the version.
};

/// The command line, understood.
struct Options {
  Action action = Action::run;  ///< What to do.
  std::string plugin_path;      ///< The shared object to load; empty with help and version only.
  std::string fifo_path;        ///< keepalived's notify FIFO; empty where none was given.
  std::optional<std::string> config_path;    ///< keepalived.conf to read.
  std::optional<std::string> config_id;      ///< keepalived's config id.
  std::optional<std::string> net_namespace;  ///< The network namespace that keepalived works in.
  std::string state_dir = "/run/keepalived-batch-notifier";  ///< Where the ledger lives.
  bool log_console = false;  ///< Log to standard error as well as to syslog.
  bool log_detail = false;   ///< Log every observation.
};

/// Reads the command line. Where it is wrong, says so on standard error, in one line and a hint,
/// and returns nothing. Permutes `argv`, as getopt_long(3) does.
std::optional<Options> parse_options(int argc, char** argv);

/// The text of --help, with a newline at its end.
const char* usage();

}  // namespace batch_notifier::loader
