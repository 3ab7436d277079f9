// SPDX-License-Identifier: MIT
/// @file
/// Counters: how often the unusual happened. Every input that is refused and every source that is
/// lost is counted here, so that a run without changes differs from a run that lost its sources.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace batch_notifier::core {

/// What is counted. The order is the order of presentation.
enum class Counter : std::uint8_t {
  observations,              ///< Observations taken in from all witnesses.
  transitions,               ///< Changes of state that counted.
  suppressed_transitions,    ///< Of these, left out because the instance went back.
  dropped_promotions,        ///< Promotions to MASTER that did not last `master_hold`.
  batches_delivered,         ///< Batches acknowledged.
  deliveries_failed,         ///< Attempts that failed and are retried.
  deliveries_refused,        ///< Batches that a consumer refused for good.
  authority_changes,         ///< An instance's state went over to another witness.
  dbus_questions,            ///< Instances asked for because a witness contradicted D-Bus.
  dbus_silences,             ///< Times that D-Bus did not answer and stopped deciding.
  dbus_overruled,            ///< Instances for which the FIFO overruled D-Bus.
  dbus_connects,             ///< Connections to the bus that were made.
  dbus_signals,              ///< State signals of the owner of the service.
  dbus_foreign_signals,      ///< State signals not from the owner of the service: ignored.
  dbus_malformed,            ///< Messages with a wrong signature or an impossible value.
  dbus_unknown_paths,        ///< Signals for an object path that no instance has.
  dbus_read_errors,          ///< Reads of an instance that were answered with an error.
  netlink_messages,          ///< Address and link messages taken in.
  netlink_foreign_messages,  ///< Netlink messages not from the kernel: ignored.
  netlink_overruns,          ///< Receive buffer overruns, each followed by a new dump.
  fifo_lines,                ///< Lines of the notify FIFO that were understood, groups' too.
  fifo_malformed,            ///< Lines of the notify FIFO that were not.
  fifo_overflows,            ///< Times that the notify FIFO was full, so that lines may be lost.
  fifo_journal_damaged,      ///< Times that the FIFO journal of a former worker was damaged.
  config_problems,           ///< Lines of the configuration that were left out.
};

/// How many counters there are.
inline constexpr std::size_t counter_count = static_cast<std::size_t>(Counter::config_problems) + 1;

/// The counter's name, e.g. "suppressed_transitions".
std::string_view to_string(Counter counter);

/// All counters of one run, from zero.
class Statistics {
 public:
  /// Adds to one counter.
  void add(Counter counter, std::uint64_t amount = 1) {
    values_.at(static_cast<std::size_t>(counter)) += amount;
  }

  /// The value of one counter.
  [[nodiscard]] std::uint64_t value(Counter counter) const {
    return values_.at(static_cast<std::size_t>(counter));
  }

 private:
  std::array<std::uint64_t, counter_count> values_{};
};

}  // namespace batch_notifier::core
