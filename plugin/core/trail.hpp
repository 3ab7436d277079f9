// SPDX-License-Identifier: MIT
/// @file
/// The states of an instance from the one that a consumer acknowledged last to the present one, in
/// a fixed space: a flapping instance must not cost memory per flap while its consumer is dead. The
/// first and the newest states are kept, and all transitions are counted.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/vrrp_state.hpp"

namespace batch_notifier::core {

/// States passed through, the first and the newest, with a count of all transitions.
class Trail {
 public:
  /// How many states a trail shows at most.
  static constexpr std::size_t capacity = 16;

  /// Begins at INIT, with no transition.
  Trail() = default;

  /// Begins at a state, with no transition.
  explicit Trail(VrrpState origin) { states_.front() = origin; }

  /// The trail that had this path() and these transitions(). Nothing if no trail can have them: no
  /// state, too many, or fewer transitions than the path shows.
  static std::optional<Trail> restored(const std::vector<VrrpState>& path,
                                       std::uint64_t transitions) {
    if (path.empty() || path.size() > capacity || transitions < path.size() - 1) {
      return std::nullopt;
    }
    Trail trail;
    std::copy(path.begin(), path.end(), trail.states_.begin());
    trail.size_ = path.size();
    trail.transitions_ = transitions;
    return trail;
  }

  /// Adds a transition to `state`. When full, the oldest but the first makes room.
  void add(VrrpState state) {
    // A count that was restored may be as high as can be.
    transitions_ = std::max(transitions_, transitions_ + 1);
    if (size_ == capacity) {
      std::copy(states_.begin() + 2, states_.end(), states_.begin() + 1);
      --size_;
    }
    states_.at(size_) = state;
    ++size_;
  }

  /// Transitions since the origin, those no longer shown too.
  [[nodiscard]] std::uint64_t transitions() const { return transitions_; }

  /// Where it leads to.
  [[nodiscard]] VrrpState end() const { return states_.at(size_ - 1); }

  /// Equal in what it shows and counts.
  bool operator==(const Trail& other) const {
    return transitions_ == other.transitions_ && path() == other.path();
  }

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
