// SPDX-License-Identifier: MIT
/// @file
/// The present state of an instance, after judge and hold. Every consumer is brought up to it.
/// There is one per instance, however many events come.
#pragma once

#include <cstdint>
#include <optional>

#include "core/batch.hpp"
#include "core/link_state.hpp"
#include "core/time.hpp"
#include "core/vrrp_state.hpp"

namespace batch_notifier::core {

/// The present state of one instance.
struct InstanceStatus {
  VrrpState state = VrrpState::init;     ///< State that counts: a held promotion is not in it yet.
  UtcTime since;                         ///< When that state began, as far as it was seen.
  Cause cause = Cause::startup;          ///< Why it was entered.
  std::optional<std::uint8_t> priority;  ///< Effective priority.
  std::uint32_t vips_present = 0;        ///< VIPs that the kernel has.
  std::optional<LinkState> link;         ///< Its interface; nothing where that is not known.
  bool link_down = false;                ///< An interface that it needs is not up.
  Health health = Health::unknown;       ///< Health that has lasted `health_wait`.
};

}  // namespace batch_notifier::core
