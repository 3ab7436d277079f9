// SPDX-License-Identifier: MIT
/// @file
/// Which configuration is served, and where each part of that answer comes from: the loader's own
/// options, else keepalived's command line, else keepalived's defaults. A plugin that serves
/// another file than keepalived runs is silent about the real one, so the answer is logged.
#pragma once

#include <optional>
#include <string>

#include "loader/keepalived_parent.hpp"
#include "loader/options.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::loader {

/// What the plugin is given.
struct Served {
  std::string config_path;                   ///< keepalived.conf to read.
  std::optional<std::string> config_id;      ///< Nothing: keepalived's default.
  std::optional<std::string> net_namespace;  ///< Nothing: what keepalived.conf says.
};

/// An answer, and the line about it for the log.
struct ServedAnswer {
  Served served;                                         ///< The answer.
  runtime::Severity severity = runtime::Severity::info;  ///< `warning` where it may be wrong.
  std::string message;                                   ///< One line.
};

/// Decides. Looks whether a file that keepalived was given with a relative path is there.
ServedAnswer find_served(const Options& options, const KeepalivedParent& keepalived);

}  // namespace batch_notifier::loader
