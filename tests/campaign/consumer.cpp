// SPDX-License-Identifier: MIT
#include "tests/campaign/consumer.hpp"

#include <fstream>

#include "tests/support/told.hpp"

namespace batch_notifier::tests {

using nlohmann::json;

void Consumer::catch_up() {
  std::ifstream file(path_);
  file.seekg(static_cast<std::streamoff>(read_));
  std::string line;
  // A line without its end is still being written.
  while (std::getline(file, line) && !file.eof()) {
    read_ += line.size() + 1;
    const json value = json::parse(line, nullptr, false);
    if (value.is_discarded()) {
      broken_ += "not JSON: " + line + "\n";
    } else if (value.contains("failed")) {
      if (!last_.is_null() && last_.at("id") == value.at("failed")) {
        allow_again();
        for (const json& change : last_.at("changes")) {
          acknowledged_[change.at("instance")] = {change.at("previous")};
        }
      }
    } else {
      take(value);
    }
  }
}

void Consumer::complain(const json& batch, const std::string& what) {
  broken_ += path_ + ": " + batch.value("id", "batch without an id") + ": " + what + "\n";
}

void Consumer::take(const json& batch) {
  ++batches_;
  for (const std::string& breach : breaches(batch)) {
    complain(batch, breach);
  }
  if (!last_.is_null() && last_.at("id") == batch.at("id")) {
    take_repeated(batch);
  } else {
    take_fresh(batch);
  }
  for (const json& change : batch.at("changes")) {
    acknowledged_[change.at("instance")] = {change.at("state")};
    newest_[change.at("instance")] = change;
  }
  last_ = batch;
}

void Consumer::take_repeated(const json& batch) {
  if (batch.at("changes") != last_.at("changes")) {
    complain(batch, "the same id with another content");
  }
  if (batch.at("attempt") <= last_.at("attempt")) {
    complain(batch, "a repetition that is no further attempt");
  }
}

void Consumer::take_fresh(const json& batch) {
  if (!ids_.insert(batch.at("id").get<std::string>()).second) {
    complain(batch, "an id that was used before");
  }
  if (last_.is_null() || last_.at("epoch") != batch.at("epoch")) {
    begin_epoch(batch.at("epoch"));
  } else if (batch.at("sequence") <= last_.at("sequence")) {
    complain(batch, "the sequence does not rise");
  }
  const bool snapshot = batch.at("snapshot");
  if (snapshot && !snapshot_expected_) {
    complain(batch, "a snapshot without need");
  }
  for (const json& change : batch.at("changes")) {
    const std::string name = change.at("instance");
    const std::string previous = change.at("previous");
    const auto known = acknowledged_.find(name);
    const bool fits =
        known == acknowledged_.end() ? previous == "INIT" : known->second.count(previous) != 0;
    if (!fits && !(snapshot && previous == "INIT")) {
      complain(batch, name + ": previous is " + previous + " and not what was told last, " +
                          json(known == acknowledged_.end() ? std::set<std::string>{"INIT"}
                                                            : known->second)
                              .dump());
    }
  }
  if (snapshot) {
    snapshot_came_ = true;
    take_snapshot(batch);
  }
}

// It lists everything, and nothing is known any more of what it leaves out.
void Consumer::take_snapshot(const json& batch) {
  std::set<std::string> listed;
  for (const json& change : batch.at("changes")) {
    listed.insert(change.at("instance").get<std::string>());
  }
  newest_.clear();
  for (auto& [name, states] : acknowledged_) {
    if (listed.count(name) == 0) {
      states.insert("INIT");
    }
  }
}

// The last batch may not have been acknowledged.
void Consumer::allow_again() {
  if (last_.at("snapshot")) {
    expect_snapshot();
  }
}

void Consumer::begin_epoch(const std::string& epoch) {
  if (!epochs_.insert(epoch).second) {
    broken_ += path_ + ": a batch of epoch " + epoch + " after one of a later epoch\n";
  }
  if (last_.is_null()) {
    return;
  }
  allow_again();
  for (const json& change : last_.at("changes")) {
    acknowledged_[change.at("instance")].insert(change.at("previous").get<std::string>());
  }
}

}  // namespace batch_notifier::tests
