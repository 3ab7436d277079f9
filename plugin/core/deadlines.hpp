// SPDX-License-Identifier: MIT
/// @file
/// Deadlines, at most one for each id. The engine asks for the earliest after each event, so it is
/// found without a search over all ids.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/time.hpp"

namespace batch_notifier::core {

/// One optional deadline per id. `Id` is a small number, such as InstanceId.
template <typename Id>
class Deadlines {
 public:
  /// Sets or replaces the deadline.
  void set(Id id, MonotonicTime deadline) {
    clear(id);
    if (by_id_.size() <= slot(id)) {
      by_id_.resize(slot(id) + 1);
    }
    by_id_[slot(id)] = deadline;
    ordered_.insert({deadline, id});
  }

  /// Sets the deadline, or clears it if there is none.
  void set(Id id, std::optional<MonotonicTime> deadline) {
    if (deadline) {
      set(id, *deadline);
    } else {
      clear(id);
    }
  }

  /// Drops the deadline, if there is one.
  void clear(Id id) {
    if (is_set(id)) {
      ordered_.erase({*by_id_[slot(id)], id});
      by_id_[slot(id)].reset();
    }
  }

  /// Whether the id waits.
  [[nodiscard]] bool is_set(Id id) const {
    return slot(id) < by_id_.size() && by_id_[slot(id)].has_value();
  }

  /// The earliest of all.
  [[nodiscard]] std::optional<MonotonicTime> next() const {
    return ordered_.empty() ? std::nullopt : std::optional(ordered_.begin()->first);
  }

  /// Takes out one id whose deadline has come, earliest first; nothing when none has.
  std::optional<Id> take_due(MonotonicTime now) {
    if (ordered_.empty() || ordered_.begin()->first > now) {
      return std::nullopt;
    }
    const Id id = ordered_.begin()->second;
    clear(id);
    return id;
  }

 private:
  static std::size_t slot(Id id) { return static_cast<std::size_t>(id); }

  std::vector<std::optional<MonotonicTime>> by_id_;
  std::set<std::pair<MonotonicTime, Id>> ordered_;
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
