// SPDX-License-Identifier: MIT
/// @file
/// A log that a test can read.
#pragma once

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

  std::vector<runtime::Severity> severities;  ///< Of the messages, in their order.
  std::vector<std::string> messages;          ///< In the order in which they were written.
};

}  // namespace batch_notifier::tests
