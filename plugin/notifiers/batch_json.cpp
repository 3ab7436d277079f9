// SPDX-License-Identifier: MIT
#include "notifiers/batch_json.hpp"

#include <array>
#include <cstdio>
#include <ctime>

#include <nlohmann/json.hpp>

namespace batch_notifier::notifiers {

namespace {

// Keeps the order in which fields are written, which is that of the format's description.
using Json = nlohmann::ordered_json;

constexpr int format_version = 1;

std::string to_text(core::UtcTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t since_epoch = seconds.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&since_epoch, &parts);
  std::array<char, sizeof("-2147483648-12-31T23:59:59.123456Z")> text{};
  std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const int added = std::snprintf(text.data() + size, text.size() - size, ".%06dZ",
                                  static_cast<int>((time - seconds).count()));
  return {text.data(), size + static_cast<std::size_t>(added)};
}

Json summary_of(const std::vector<core::Change>& changes) {
  std::array<std::size_t, core::vrrp_state_count> counts{};
  for (const core::Change& change : changes) {
    ++counts.at(static_cast<std::size_t>(change.state));
  }
  Json summary = Json::object();
  for (std::size_t index = 0; index < counts.size(); ++index) {
    if (counts.at(index) != 0) {
      summary[std::string(to_string(static_cast<core::VrrpState>(index)))] = counts.at(index);
    }
  }
  return summary;
}

Json path_of(const core::Change& change) {
  Json path = Json::array();
  for (const core::VrrpState state : change.path) {
    path.push_back(to_string(state));
  }
  return path;
}

Json to_object(const core::Change& change) {
  Json object = Json::object();
  object["namespace"] = change.net_namespace;
  object["instance"] = change.instance;
  object["interface"] = change.interface;
  object["vrid"] = change.vrid;
  object["family"] = to_string(change.family);
  object["sync_group"] = change.sync_group ? Json(*change.sync_group) : Json();
  object["previous"] = to_string(change.previous);
  object["state"] = to_string(change.state);
  object["since"] = to_text(change.since);
  object["transitions"] = change.transitions;
  object["path"] = path_of(change);
  object["cause"] = to_string(change.cause);
  object["authority"] = to_string(change.authority);
  object["priority"] = change.priority ? Json(*change.priority) : Json();
  object["link"] = change.link ? Json(to_string(*change.link)) : Json();
  object["vips"] = {{"expected", change.vips_expected}, {"present", change.vips_present}};
  object["health"] = to_string(change.health);
  object["labels"] = change.labels;
  return object;
}

}  // namespace

std::string to_json(const core::Batch& batch) {
  Json changes = Json::array();
  for (const core::Change& change : batch.changes) {
    changes.push_back(to_object(change));
  }
  Json object = Json::object();
  object["version"] = format_version;
  object["id"] = batch.id;
  object["epoch"] = batch.epoch;
  object["notifier"] = batch.notifier;
  object["sequence"] = batch.sequence;
  object["host"] = batch.host;
  object["time"] = to_text(batch.time);
  object["opened"] = to_text(batch.opened);
  object["snapshot"] = batch.snapshot;
  object["attempt"] = batch.attempt;
  object["summary"] = summary_of(batch.changes);
  object["changes"] = std::move(changes);
  constexpr int compact = -1;
  return object.dump(compact, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace batch_notifier::notifiers
