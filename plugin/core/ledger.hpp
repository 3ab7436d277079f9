// SPDX-License-Identifier: MIT
/// @file
/// The content of the ledger: the state of each instance, and what each consumer has acknowledged
/// of it. The next worker continues from it, so after a crash, a reload or a restart a consumer
/// gets the differences, once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/address.hpp"
#include "core/batch.hpp"
#include "core/run_identity.hpp"
#include "core/settings.hpp"
#include "core/time.hpp"
#include "core/trail.hpp"
#include "core/vrrp_state.hpp"

namespace batch_notifier::core {

/// The state of one instance.
struct InstanceRecord {
  std::string name;                            ///< Name in keepalived.conf.
  std::string interface;                       ///< Base interface.
  std::uint8_t vrid = 0;                       ///< Virtual router ID.
  AddressFamily family = AddressFamily::ipv4;  ///< Family of the adverts.
  VrrpState state = VrrpState::init;           ///< State that counted.
  UtcTime since;                               ///< When it began.
  Cause cause = Cause::startup;                ///< Why it was entered.
  Health health = Health::unknown;             ///< Settled health.
  /// The newest report of keepalived itself, a held promotion included. In the next run with the
  /// same keepalived it counts until keepalived reports another state, whatever addresses the
  /// kernel has. Nothing if only the kernel has decided, or keepalived was not known to run.
  std::optional<VrrpState> last_word;
  /// Which keepalived it belongs to: the path of its configuration file; empty for the keepalived
  /// that started the plugin. Together with `name` this is the instance's identity.
  std::string keepalived = {};

  /// Equal in every field.
  bool operator==(const InstanceRecord&) const = default;
};

/// What one consumer knows of one instance, and the changes since.
struct ToldRecord {
  VrrpState state = VrrpState::init;  ///< Acknowledged last.
  std::optional<Health> health;       ///< Acknowledged last; nothing before its first batch.
  bool uncertain = false;             ///< An attempt with other content may have been seen.
  Trail trail;                        ///< From `state` to the instance's record.

  /// Equal in every field.
  bool operator==(const ToldRecord&) const = default;
};

/// What one consumer knows.
struct NotifierRecord {
  std::string consumer;          ///< Who it is, by consumer_names().
  bool snapshot_told = false;    ///< It has had its first snapshot.
  std::vector<ToldRecord> told;  ///< One for each of Ledger::instances.

  /// Equal in every field.
  bool operator==(const NotifierRecord&) const = default;
};

/// All of it.
struct Ledger {
  std::string keepalived;    ///< RunIdentity::keepalived of the run.
  std::string fifo;          ///< RunIdentity::fifo of the run.
  bool handed_over = false;  ///< It has read its FIFO to the end, for the run that follows.
  std::vector<InstanceRecord> instances;  ///< In any order, each identity once.
  std::vector<NotifierRecord> notifiers;  ///< In any order.

  /// Equal in every field.
  bool operator==(const Ledger&) const = default;
};

/// Names by which the consumers of one configuration are known again in the next: the same command
/// or file is the same consumer, wherever its line stands and whatever its options are.
std::vector<std::string> consumer_names(const std::vector<NotifierSettings>& notifiers);

/// Whether `run` serves the same keepalived as the run of `former`, and no FIFO line was lost in
/// between: a run that has handed over has read all its lines, and the lines that a killed run has
/// not read are still in the same FIFO.
bool goes_on(const Ledger& former, const RunIdentity& run);

}  // namespace batch_notifier::core
