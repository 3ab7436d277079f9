// SPDX-License-Identifier: MIT
#include "tests/support/told.hpp"

#include <fstream>

namespace batch_notifier::tests {

using nlohmann::json;

std::vector<std::string> breaches(const json& batch) {
  std::vector<std::string> found;
  std::map<std::string, std::size_t> summary;
  for (const json& change : batch.at("changes")) {
    const json& path = change.at("path");
    if (path.empty() || path.front() != change.at("previous") ||
        path.back() != change.at("state") || path.size() > 16) {
      found.push_back(change.at("instance").get<std::string>() +
                      ": the path does not lead from previous to state");
    }
    ++summary[change.at("state")];
  }
  if (batch.at("summary") != json(summary)) {
    found.push_back("the summary does not add up");
  }
  return found;
}

double seconds_of_day(const json& time) {
  const std::string text = time.get<std::string>();
  return std::stod(text.substr(11, 2)) * 3600 + std::stod(text.substr(14, 2)) * 60 +
         std::stod(text.substr(17, 9));
}

Told::Told(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    // A line without its end is still being written.
    if (file.eof()) {
      break;
    }
    const json batch = json::parse(line, nullptr, false);
    if (batch.is_discarded()) {
      broken_ += "not JSON: " + line + "\n";
      continue;
    }
    take(batch);
    batches_.push_back(batch);
  }
}

void Told::complain(const json& batch, const std::string& what) {
  broken_ += batch.value("id", "batch without an id") + ": " + what + "\n";
}

void Told::take(const json& batch) {
  const std::string epoch = batch.at("epoch");
  const std::size_t sequence = batch.at("sequence");
  const json& changes = batch.at("changes");
  const auto [known, fresh] = content_by_id_.emplace(batch.at("id"), changes);
  if (!fresh && known->second != changes) {
    complain(batch, "the same id with another content");
  }
  if (fresh && sequence <= sequence_by_epoch_[epoch]) {
    complain(batch, "the sequence does not rise");
  }
  sequence_by_epoch_[epoch] = sequence;
  for (const std::string& breach : breaches(batch)) {
    complain(batch, breach);
  }
  for (const json& change : changes) {
    const std::string name = change.at("instance");
    if (fresh && change.at("previous") !=
                     (newest_.count(name) != 0 ? newest_[name].at("state") : json("INIT"))) {
      complain(batch, name + ": previous is not what was told last");
    }
    newest_[name] = change;
  }
}

std::string Told::state(const std::string& instance) const {
  const auto found = newest_.find(instance);
  return found == newest_.end() ? "" : found->second.at("state").get<std::string>();
}

std::string Told::health(const std::string& instance) const {
  const auto found = newest_.find(instance);
  return found == newest_.end() ? "" : found->second.at("health").get<std::string>();
}

json Told::entry(const std::string& instance) const {
  const auto found = newest_.find(instance);
  return found == newest_.end() ? json() : found->second;
}

std::map<std::string, std::string> Told::states() const {
  std::map<std::string, std::string> states;
  for (const auto& [name, change] : newest_) {
    states[name] = change.at("state");
  }
  return states;
}

}  // namespace batch_notifier::tests
