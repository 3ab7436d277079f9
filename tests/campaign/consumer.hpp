// SPDX-License-Identifier: MIT
/// @file
/// What one consumer knows after a bad night, and whether it may have come to know it so. Unlike
/// tests/support/told.hpp it reads a file as it grows and knows what "at least once" allows: a
/// worker that was killed cannot know whether its last batch was acknowledged, and the batch after
/// one that failed starts from what was acknowledged before it.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

namespace batch_notifier::tests {

/// One consumer, rebuilt from a file: one batch per line, and `{"failed":"<id>"}` behind a batch
/// that the consumer took in and then refused.
class Consumer {
 public:
  /// Reads from the file at `path`, which may come into being later.
  explicit Consumer(std::string path) : path_(std::move(path)) {}

  /// Takes in what has come since the last time.
  void catch_up();
  /// The ledger was damaged on purpose: a snapshot from INIT is no breach. It may come late, when
  /// everything else is known.
  void expect_snapshot() {
    snapshot_expected_ = true;
    snapshot_came_ = false;
  }
  /// All faults are over and everything has been told.
  void settled() { snapshot_expected_ = snapshot_expected_ && !snapshot_came_; }

  /// Newest entry of every instance.
  [[nodiscard]] const std::map<std::string, nlohmann::json>& newest() const { return newest_; }
  /// How many batches have come, repetitions included.
  [[nodiscard]] std::size_t batches() const { return batches_; }
  /// Promises of the format that were broken, one line each.
  [[nodiscard]] const std::string& broken_promises() const { return broken_; }

 private:
  void take(const nlohmann::json& batch);
  void take_fresh(const nlohmann::json& batch);
  void allow_again();
  void take_snapshot(const nlohmann::json& batch);
  void take_repeated(const nlohmann::json& batch);
  void begin_epoch(const std::string& epoch);
  void complain(const nlohmann::json& batch, const std::string& what);

  std::string path_;
  std::size_t read_ = 0;
  std::size_t batches_ = 0;
  bool snapshot_expected_ = true;
  bool snapshot_came_ = false;
  std::map<std::string, nlohmann::json> newest_;
  /// What the plugin may hold for acknowledged, per instance.
  std::map<std::string, std::set<std::string>> acknowledged_;
  std::set<std::string> epochs_;
  std::set<std::string> ids_;
  nlohmann::json last_;
  std::string broken_;
};

}  // namespace batch_notifier::tests
