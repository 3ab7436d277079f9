// SPDX-License-Identifier: MIT
/// @file
/// Points in time that instances wait for, at most one each. The next one is at hand without
/// looking at every instance, because it is asked for after each event.
#pragma once

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/time.hpp"
#include "core/topology.hpp"

namespace batch_notifier::core {

/// One optional deadline per instance.
class Deadlines {
 public:
  /// For instances 0 to `instance_count` - 1, none set.
  explicit Deadlines(std::size_t instance_count) : by_instance_(instance_count) {}

  /// Sets or replaces the instance's deadline.
  void set(InstanceIndex instance, MonotonicTime deadline) {
    clear(instance);
    by_instance_.at(instance) = deadline;
    ordered_.insert({deadline, instance});
  }

  /// Forgets the instance's deadline, if it has one.
  void clear(InstanceIndex instance) {
    std::optional<MonotonicTime>& present = by_instance_.at(instance);
    if (present) {
      ordered_.erase({*present, instance});
      present.reset();
    }
  }

  /// Whether the instance waits.
  [[nodiscard]] bool is_set(InstanceIndex instance) const {
    return by_instance_.at(instance).has_value();
  }

  /// The earliest of all.
  [[nodiscard]] std::optional<MonotonicTime> next() const {
    return ordered_.empty() ? std::nullopt : std::optional(ordered_.begin()->first);
  }

  /// Takes out one instance whose deadline has come, earliest first; nothing when none has.
  std::optional<InstanceIndex> take_due(MonotonicTime now) {
    if (ordered_.empty() || ordered_.begin()->first > now) {
      return std::nullopt;
    }
    const InstanceIndex instance = ordered_.begin()->second;
    clear(instance);
    return instance;
  }

 private:
  std::vector<std::optional<MonotonicTime>> by_instance_;
  std::set<std::pair<MonotonicTime, InstanceIndex>> ordered_;
};

/// The earlier of two deadlines, either of which may be missing.
inline std::optional<MonotonicTime> earliest(std::optional<MonotonicTime> left,
                                             std::optional<MonotonicTime> right) {
  if (!left || !right) {
    return left ? left : right;
  }
  return *left < *right ? left : right;
}

}  // namespace batch_notifier::core
