// SPDX-License-Identifier: MIT
#include "core/statistics.hpp"

namespace batch_notifier::core {

std::string_view to_string(Counter counter) {
  static constexpr std::array<std::string_view, counter_count> names = {
      "observations",
      "transitions",
      "suppressed_transitions",
      "dropped_promotions",
      "batches_delivered",
      "deliveries_failed",
      "deliveries_refused",
      "authority_changes",
      "dbus_questions",
      "dbus_silences",
      "dbus_overruled",
      "dbus_connects",
      "dbus_signals",
      "dbus_foreign_signals",
      "dbus_malformed",
      "dbus_unknown_paths",
      "dbus_read_errors",
      "netlink_messages",
      "netlink_foreign_messages",
      "netlink_overruns",
      "fifo_lines",
      "fifo_malformed",
      "fifo_overflows",
      "fifo_journal_damaged",
      "config_problems",
  };
  return names.at(static_cast<std::size_t>(counter));
}

}  // namespace batch_notifier::core
