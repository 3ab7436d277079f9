// SPDX-License-Identifier: MIT
/// @file
/// What is known of an instance now: the level that every consumer is brought up to. There is one
/// of these per instance, however much happens.
#pragma once

#include <cstdint>
#include <optional>

#include "core/batch.hpp"
#include "core/observation.hpp"
#include "core/time.hpp"
#include "core/vrrp_state.hpp"

namespace batch_notifier::core {

/// The present picture of one instance, after judging and holding.
struct InstanceStatus {
  VrrpState state = VrrpState::init;     ///< State that counts: a held promotion is not in it yet.
  UtcTime since;                         ///< When that state began, as far as it was seen.
  Cause cause = Cause::startup;          ///< Why it was entered.
  Witness authority = Witness::netlink;  ///< Who said so.
  std::optional<std::uint8_t> priority;  ///< Effective priority.
  std::uint32_t vips_present = 0;        ///< VIPs that the kernel has.
  Health health = Health::unknown;       ///< Settled health.
};

}  // namespace batch_notifier::core
