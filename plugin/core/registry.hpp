// SPDX-License-Identifier: MIT
/// @file
/// One row for each known instance of all keepalived. Instances come and go while the plugin runs:
/// a configuration is edited, a router appears on a network node, and a removed instance is kept
/// until every consumer knows that it is DELETED. So no part of the core counts on a fixed list. A
/// row keeps its id as long as it exists; the id of an erased row is used again.
///
/// The row is the one place of the present state. The comment of each column names the part that
/// writes it in normal work; all other parts read it. Besides, the engine sets columns when a row
/// begins or ends: restore() from the ledger, inherit() after a rename, remove_row() at removal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/evidence.hpp"
#include "core/instance_status.hpp"
#include "core/topology.hpp"

namespace batch_notifier::core {

/// Names a row. A type of its own, so that it cannot be taken for an InstanceIndex, which is a
/// position in one configuration.
enum class InstanceId : std::uint32_t {};

/// Names a keepalived whose instances are known.
enum class KeepalivedId : std::uint32_t {};

/// The id as a position in a vector.
constexpr std::size_t position_of(InstanceId id) {
  return static_cast<std::size_t>(id);
}

/// The id as a position in a vector.
constexpr std::size_t position_of(KeepalivedId id) {
  return static_cast<std::size_t>(id);
}

/// A promotion that has not lasted long enough yet.
struct HeldPromotion {
  Cause cause = Cause::signal;  ///< Why it was found.
  UtcTime since;                ///< When it began.
};

/// All that is known of one instance, except what each consumer knows of it.
struct InstanceRow {
  KeepalivedId keepalived{};  ///< Whose instance it is. Written by Registry.
  Instance configured;        ///< Its configuration; of a removed one, the last. By Registry.
  std::size_t position = 0;   ///< Place in that configuration, hence in a batch. By Registry.
  std::uint64_t removal = 0;  ///< 0 while configured, else rising in order of removal. By Registry.
  Evidence evidence;          ///< What each source reported. By Judge and its DbusTrust.
  Finding found;              ///< What follows from the evidence. Written by Judge.
  InstanceStatus status;      ///< What consumers get. By Engine; its health by HealthMonitor.
  HeldPromotion promotion;    ///< While one is held. Written by PromotionHold.
  Health momentary_health = Health::unknown;  ///< Before `health_wait`. Written by HealthMonitor.

  /// Whether it is in no configuration any more.
  [[nodiscard]] bool removed() const { return removal != 0; }
};

/// The rows of all keepalived. The time to find, add or erase one does not grow with their number.
class Registry {
 public:
  /// A new row, in no configuration yet. The name must not be there (find()).
  InstanceId add(KeepalivedId keepalived, Instance instance);

  /// Puts the row into its keepalived's configuration, with its present text and place there. The
  /// name must be the row's own.
  void configure(InstanceId id, Instance instance, std::size_t position);

  /// Takes the row out of the configuration; it stays until erase().
  void remove(InstanceId id);

  /// Erases the row. Its id may be given out again.
  void erase(InstanceId id);

  /// The row of this name, removed ones too.
  [[nodiscard]] std::optional<InstanceId> find(KeepalivedId keepalived,
                                               std::string_view name) const;

  /// The row; `id` must exist.
  [[nodiscard]] InstanceRow& operator[](InstanceId id) { return *rows_[position_of(id)]; }
  /// The row; `id` must exist.
  [[nodiscard]] const InstanceRow& operator[](InstanceId id) const {
    return *rows_[position_of(id)];
  }

  /// How many rows there are.
  [[nodiscard]] std::size_t size() const { return by_name_.size(); }

  /// Removed rows, in the order of their removal.
  [[nodiscard]] const std::map<std::uint64_t, InstanceId>& removed() const { return removed_; }

  /// Every row: configured ones by keepalived and place in its configuration, then removed ones in
  /// the order of their removal. The order of every batch and of the ledger.
  [[nodiscard]] std::vector<InstanceId> in_order() const;

  /// Sorts ids of existing rows into that order.
  void sort(std::vector<InstanceId>& ids) const;

 private:
  /// The name is a view into the row, so that it is stored once.
  struct Key {
    KeepalivedId keepalived;
    std::string_view name;

    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::string_view>()(key.name) ^ (position_of(key.keepalived) * 0x9e3779b1U);
    }
  };
  [[nodiscard]] Key key_of(const InstanceRow& row) const {
    return {row.keepalived, row.configured.name};
  }

  std::deque<std::optional<InstanceRow>> rows_;  // A deque: rows keep their addresses.
  std::vector<InstanceId> free_;
  std::unordered_map<Key, InstanceId, KeyHash> by_name_;
  std::map<std::uint64_t, InstanceId> removed_;
  std::uint64_t removals_ = 0;
};

}  // namespace batch_notifier::core
