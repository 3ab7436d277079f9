// SPDX-License-Identifier: MIT
/// @file
/// One notification, as a value: a consumer gets one per burst. Its JSON form is version 1 of the
/// batch format, with the same names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/link_state.hpp"
#include "core/observation.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"
#include "core/vrrp_state.hpp"

namespace batch_notifier::core {

/// Why an instance stands in a batch: the reason of its newest transition.
enum class Cause : std::uint8_t {
  signal,     ///< A witness reported a change when it happened.
  startup,    ///< First seen by this run.
  resync,     ///< Found by reading again after a source had been lost.
  lost,       ///< keepalived went away.
  health,     ///< The state is the old one, the health is not.
  repeat,     ///< Nothing changed; a full snapshot was due.
  shutdown,   ///< keepalived stopped.
  contested,  ///< A MASTER still, but another MASTER of lower priority was heard.
};

/// "signal", "startup" …
std::string_view to_string(Cause cause);

/// Whether the kernel agrees with the state. The numbers are part of the ledger's format.
enum class Health : std::uint8_t {
  ok,              ///< MASTER with all VIPs, or anything else with none.
  vip_missing,     ///< MASTER, and a VIP is absent.
  vip_unexpected,  ///< Not MASTER, and a VIP is present.
  unknown,         ///< The addresses cannot be read.
  link_down,       ///< MASTER, and an interface that it needs is down or missing.
  stalled,         ///< keepalived's VRRP process does not run, and its VIPs are still here.
};

/// The Health with the highest number.
inline constexpr Health last_health = Health::stalled;

/// "ok", "vip_missing" …
std::string_view to_string(Health health);

/// One instance in a batch.
struct Change {
  std::string net_namespace;                   ///< Network namespace, empty for keepalived's own.
  std::string instance;                        ///< Name in keepalived.conf.
  std::string interface;                       ///< Base interface.
  std::uint8_t vrid = 0;                       ///< Virtual router ID.
  AddressFamily family = AddressFamily::ipv4;  ///< Family of the adverts.
  std::optional<std::string> sync_group;       ///< Sync group, if in one.
  VrrpState previous = VrrpState::init;        ///< What this notifier was last told.
  VrrpState state = VrrpState::init;           ///< What is now.
  UtcTime since;                               ///< When `state` began, as far as it was seen.
  std::uint64_t transitions = 0;               ///< Observed since the last acknowledged delivery.
  /// The way from `previous` to `state`: the first and the newest states, 16 in all.
  std::vector<VrrpState> path;
  Cause cause = Cause::signal;           ///< Reason of the newest transition.
  Witness authority = Witness::dbus;     ///< Who said so.
  std::optional<std::uint8_t> priority;  ///< Effective priority reported last, else configured.
  std::optional<LinkState> link;         ///< Of `interface`; nothing where that is not known.
  std::uint32_t vips_expected = 0;       ///< Configured VIPs, excluded ones too.
  std::uint32_t vips_present = 0;        ///< How many of them the kernel has.
  Health health = Health::unknown;       ///< What has lasted `health_wait`.
  Labels labels;                         ///< Attached by the user.

  /// Equal in every field.
  bool operator==(const Change&) const = default;
};

/// One notification to one notifier.
struct Batch {
  std::string id;               ///< "<epoch>-<notifier>-<sequence>".
  std::string epoch;            ///< UUID of this run.
  std::string notifier;         ///< NotifierSettings::name.
  std::uint64_t sequence = 0;   ///< From 1, rising, per notifier and epoch.
  std::string host;             ///< Node name.
  UtcTime time;                 ///< When the batch was closed.
  UtcTime opened;               ///< When its first change was observed.
  bool snapshot = false;        ///< Every instance is listed.
  std::uint32_t attempt = 1;    ///< 1 for the first; all else is equal in a retry.
  std::vector<Change> changes;  ///< In configuration order, one per instance.
};

/// What came of a delivery.
enum class DeliveryStatus : std::uint8_t {
  delivered,  ///< Acknowledged.
  failed,     ///< Not acknowledged; the consumer may have seen it all the same. To be retried.
  unseen,     ///< Not acknowledged, and the consumer cannot have seen it. To be retried.
  refused,    ///< Understood and refused for good: never retried with this content.
  off,        ///< Not acknowledged, and this notifier is off until the next reload.
};

/// The answer of a consumer, as its notifier understood it.
struct DeliveryResult {
  DeliveryStatus status = DeliveryStatus::delivered;  ///< What came of it.
  std::string reason;                                 ///< For the log, empty on success.
  std::optional<Duration> retry_after;  ///< The consumer's own wish (HTTP Retry-After).
  /// Positions in Batch::changes that were acknowledged one by one, although the whole was not.
  std::vector<std::size_t> acknowledged = {};
};

}  // namespace batch_notifier::core
