// SPDX-License-Identifier: MIT
/// @file
/// What keepalived was started with. Its configuration file, config id and network namespace may be
/// given on its command line and nowhere else, and keepalived does not pass them on to its scripts.
/// A loader that does not read them serves another file than keepalived does.
///
/// The words are read by getopt_long(3) with keepalived's options, because keepalived does the
/// same: so `-Dlf FILE`, `-fFILE`, `--use-file=FILE` and `--use FILE` are understood as keepalived
/// understands them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace batch_notifier::loader {

/// Those options of keepalived that decide which configuration it runs. An option that was given
/// twice counts the last time.
struct KeepalivedCommand {
  std::optional<std::string> config_file;    ///< `-f`, `--use-file`, as it was given.
  std::optional<std::string> config_id;      ///< `-i`, `--config-id`.
  std::optional<std::string> net_namespace;  ///< `-s`, `--namespace`.

  /// Member by member.
  bool operator==(const KeepalivedCommand&) const = default;
};

/// Reads a command line of keepalived; the first word is the program's name. Options that are
/// unknown are passed over: keepalived runs, so its own version knows them. Uses the state of
/// getopt_long(3), so nothing else may be using that meanwhile.
KeepalivedCommand parse_keepalived_command(const std::vector<std::string>& words);

}  // namespace batch_notifier::loader
