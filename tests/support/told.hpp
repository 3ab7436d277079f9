// SPDX-License-Identifier: MIT
/// @file
/// What a consumer knows from the batches it was given, and nothing else. While rebuilding the
/// states it holds every batch against the promises of the format, so that each test checks them
/// too.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace batch_notifier::tests {

/// Promises of the format that a batch breaks by itself, whatever came before it: a path that does
/// not lead from `previous` to `state`, a summary that does not add up.
std::vector<std::string> breaches(const nlohmann::json& batch);
/// Seconds of the day of a time in a batch.
double seconds_of_day(const nlohmann::json& time);

/// One consumer's knowledge, rebuilt from a file with one batch per line.
class Told {
 public:
  /// Reads a file; a missing one is a consumer that was told nothing.
  explicit Told(const std::string& path);

  /// All batches in order of arrival.
  [[nodiscard]] const std::vector<nlohmann::json>& batches() const { return batches_; }
  /// Newest state of an instance; empty if it was never told.
  [[nodiscard]] std::string state(const std::string& instance) const;
  /// Newest health of an instance; empty if it was never told.
  [[nodiscard]] std::string health(const std::string& instance) const;
  /// Newest entry of an instance; null if it was never told.
  [[nodiscard]] nlohmann::json entry(const std::string& instance) const;
  /// Every instance's newest state.
  [[nodiscard]] std::map<std::string, std::string> states() const;
  /// Promises that the batches break, one line each: sequences that do not rise, a `previous` that
  /// is not what was told last, an id with two contents, a summary that does not add up …
  [[nodiscard]] const std::string& broken_promises() const { return broken_; }

 private:
  void take(const nlohmann::json& batch);
  void complain(const nlohmann::json& batch, const std::string& what);

  std::vector<nlohmann::json> batches_;
  std::map<std::string, nlohmann::json> newest_;
  std::map<std::string, nlohmann::json> content_by_id_;
  std::map<std::string, std::size_t> sequence_by_epoch_;
  std::string broken_;
};

}  // namespace batch_notifier::tests
