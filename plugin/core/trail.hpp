// SPDX-License-Identifier: MIT
/// @file
/// The way of an instance from what a consumer was last told to what is now, in a fixed space: a
/// flapping instance in front of a dead consumer must not cost memory per flap. The beginning and
/// the newest steps are kept, and all are counted.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/vrrp_state.hpp"

namespace batch_notifier::core {

/// States passed through, the first and the newest, with a count of all transitions.
class Trail {
 public:
  /// How many states a trail shows at most.
  static constexpr std::size_t capacity = 16;

  /// Begins at a state, with no transition.
  explicit Trail(VrrpState origin = VrrpState::init) { states_.front() = origin; }

  /// Adds a transition to `state`. When full, the oldest but the first makes room.
  void add(VrrpState state) {
    ++transitions_;
    if (size_ == capacity) {
      std::copy(states_.begin() + 2, states_.end(), states_.begin() + 1);
      --size_;
    }
    states_.at(size_) = state;
    ++size_;
  }

  /// Transitions since the origin, those no longer shown too.
  [[nodiscard]] std::uint64_t transitions() const { return transitions_; }

  /// The states, oldest first.
  [[nodiscard]] std::vector<VrrpState> path() const {
    return {states_.begin(), states_.begin() + static_cast<std::ptrdiff_t>(size_)};
  }

 private:
  std::array<VrrpState, capacity> states_{};
  std::size_t size_ = 1;
  std::uint64_t transitions_ = 0;
};

}  // namespace batch_notifier::core
