// SPDX-License-Identifier: MIT
/// @file
/// keepalived.conf as the plugin reads it. keepalived does not pass its configuration on to
/// programs, so the file is read a second time, by keepalived's own rules: lines (line_reader.hpp),
/// words (words.hpp), blocks (block_reader.hpp), and from these the topology and the settings. It
/// is no checker of keepalived's configuration: keywords that mean nothing here are passed over in
/// silence.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config_files.hpp"
#include "config/problem.hpp"
#include "core/notifier_kind.hpp"
#include "core/settings.hpp"
#include "core/topology.hpp"

namespace batch_notifier::config {

/// A notify FIFO and the script that keepalived starts to read it. Of several lines the first
/// counts.
struct FifoScript {
  std::string path;                 ///< The FIFO; empty if there is none.
  std::vector<std::string> script;  ///< The script's words; empty if there is none.
  core::SourceLocation script_at;   ///< Where the script is configured.
};

/// The FIFOs on which keepalived writes about VRRP.
struct FifoScripts {
  FifoScript vrrp;  ///< `vrrp_notify_fifo`.
  FifoScript all;   ///< `notify_fifo`.
};

/// All that a configuration says.
struct Configuration {
  core::Settings settings;        ///< The `@batch_notifier` lines.
  core::Topology topology;        ///< keepalived's own lines.
  FifoScripts scripts;            ///< What keepalived starts.
  std::vector<Problem> problems;  ///< What was left out, in the order of finding it.
  std::vector<Problem> warnings;  ///< What leads nowhere; nothing was left out for it.
};

/// Reads `path` and all that it includes. `config_id` is keepalived's `--config-id`; `kinds` are
/// the kinds of notifiers that there are, which must outlive the call only. Throws
/// std::system_error if `path` itself cannot be read; whatever else is wrong is among the problems.
Configuration read_configuration(const std::string& path, const std::string& config_id,
                                 ConfigFiles& files, std::span<const core::NotifierKind> kinds);

/// The config-id of a keepalived that was given none: the host name up to its first dot.
std::string default_config_id();

}  // namespace batch_notifier::config
