// SPDX-License-Identifier: MIT
#include "core/registry.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace batch_notifier::core {

InstanceId Registry::add(KeepalivedId keepalived, Instance instance) {
  InstanceId id{};
  if (free_.empty()) {
    id = static_cast<InstanceId>(rows_.size());
    rows_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  InstanceRow& row = rows_[position_of(id)].emplace();
  row.keepalived = keepalived;
  row.configured = std::move(instance);
  row.removal = ++removals_;
  removed_.emplace(row.removal, id);
  by_name_.emplace(key_of(row), id);
  return id;
}

void Registry::configure(InstanceId id, Instance instance, std::size_t position) {
  InstanceRow& row = (*this)[id];
  // The key is a view into the name that is about to be replaced.
  by_name_.erase(key_of(row));
  row.configured = std::move(instance);
  by_name_.emplace(key_of(row), id);
  row.position = position;
  removed_.erase(row.removal);
  row.removal = 0;
}

void Registry::remove(InstanceId id) {
  InstanceRow& row = (*this)[id];
  if (!row.removed()) {
    row.removal = ++removals_;
    removed_.emplace(row.removal, id);
  }
}

void Registry::erase(InstanceId id) {
  InstanceRow& row = (*this)[id];
  by_name_.erase(key_of(row));
  removed_.erase(row.removal);
  rows_[position_of(id)].reset();
  free_.push_back(id);
}

std::optional<InstanceId> Registry::find(KeepalivedId keepalived, std::string_view name) const {
  const auto found = by_name_.find(Key{keepalived, name});
  return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<InstanceId> Registry::in_order() const {
  std::vector<InstanceId> ids;
  ids.reserve(size());
  for (std::size_t position = 0; position < rows_.size(); ++position) {
    if (rows_[position]) {
      ids.push_back(static_cast<InstanceId>(position));
    }
  }
  sort(ids);
  return ids;
}

void Registry::sort(std::vector<InstanceId>& ids) const {
  const auto place = [this](InstanceId id) {
    const InstanceRow& row = (*this)[id];
    return row.removed() ? std::tuple(row.removal, KeepalivedId{}, std::size_t{0})
                         : std::tuple(std::uint64_t{0}, row.keepalived, row.position);
  };
  const auto before = [&](InstanceId left, InstanceId right) { return place(left) < place(right); };
  if (!std::is_sorted(ids.begin(), ids.end(), before)) {
    std::sort(ids.begin(), ids.end(), before);
  }
}

}  // namespace batch_notifier::core
