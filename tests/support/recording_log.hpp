// SPDX-License-Identifier: MIT
/// @file
/// A log that a test can read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "runtime/log.hpp"

namespace batch_notifier::tests {

/// Keeps every message.
class RecordingLog final : public runtime::Log {
 public:
  void write(runtime::Severity severity, const std::string& message) noexcept override {
    severities.push_back(severity);
    messages.push_back(message);
  }

  /// How many messages contain `part`.
  [[nodiscard]] std::size_t count(const std::string& part) const {
    return static_cast<std::size_t>(std::count_if(
        messages.begin(), messages.end(),
        [&part](const std::string& message) { return message.find(part) != std::string::npos; }));
  }

  std::vector<runtime::Severity> severities;  ///< Of the messages, in their order.
  std::vector<std::string> messages;          ///< In the order in which they were written.
};

}  // namespace batch_notifier::tests
