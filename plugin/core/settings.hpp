// SPDX-License-Identifier: MIT
/// @file
/// Values of the `@batch_notifier` lines: batching times and notifiers. The defaults written here
/// are the documented ones.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/time.hpp"
#include "core/topology.hpp"
#include "core/vrrp_state.hpp"

namespace batch_notifier::core {

/// When a batch closes and when it may leave.
struct BatchTiming {
  Duration wait{100'000};         ///< `batch_wait`: closes once nothing new has come for this long.
  Duration max_wait{1'000'000};   ///< `batch_max_wait`: closes this long after it opened.
  std::uint64_t max_changes = 0;  ///< `batch_max_changes`: closes at so many; 0 for no limit.
  Duration interval{2'000'000};   ///< `batch_interval`: least time between two batches.
  Duration repeat_interval{0};    ///< `repeat_interval`: full snapshot this often; 0 for never.
};

/// `user NAME [GROUP]`: who a command runs as. Names, resolved when the notifier starts.
struct UserName {
  std::string user;   ///< Login name or number.
  std::string group;  ///< Group name or number; empty for the user's own.
};

/// One consumer and its options.
struct NotifierSettings {
  std::string kind;  ///< Keyword of its kind, e.g. "notify_batch"; see notifier_kind.hpp.
  std::string name;  ///< "<keyword>:<number of its kind, from 1>".
  /// The command and its arguments, or the one FILE, URL or SOCKET.
  std::vector<std::string> target;
  Duration timeout{10'000'000};    ///< `timeout`: how long one delivery may take.
  Duration retry_max{60'000'000};  ///< `retry_max`: longest wait before a delivery is retried.
  std::optional<UserName> user;    ///< `user`; else the loader's own.
  std::vector<VrrpState> states;   ///< `states`: only these are delivered; empty for all.
  std::string instances;           ///< `instances`: glob of instance names, as written.
  /// Whether the instance of this name matches `instances`; empty where all do.
  std::function<bool(const std::string& name)> selects;
  /// `repeat_interval` of this notifier; 0 for never. Else the global one holds.
  std::optional<Duration> repeat_interval;
  /// `env`: names and values that are added to the environment of its command, in order.
  std::vector<std::pair<std::string, std::string>> environment;
  std::map<std::string, std::string> own_options;  ///< Options of its kind only, by keyword.
  SourceLocation location;                         ///< Where it is configured.
  /// Its kind runs a command, the first word of `target`.
  bool runs_command = false;
  /// keepalived's `enable_script_security`: a command that is not root's alone must not be run, and
  /// a file that is not must not be written by root.
  bool script_security = false;
};

/// All settings of one configuration.
struct Settings {
  BatchTiming timing;                       ///< Batching times, alike for every notifier.
  MasterHold master_hold;                   ///< Global `master_hold`; `advert` unless set.
  Duration stop_timeout{5'000'000};         ///< `stop_timeout`: how long the last batch may take.
  Duration health_wait{1'000'000};          ///< `health_wait`: how long a disagreement must last.
  Duration heartbeat_interval{0};           ///< `heartbeat_interval`; 0 for no heartbeat.
  std::vector<NotifierSettings> notifiers;  ///< In configuration order.
};

}  // namespace batch_notifier::core
