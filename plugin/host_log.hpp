// SPDX-License-Identifier: MIT
/// @file
/// Messages to the host that has loaded the plugin.
#pragma once

#include <string>

#include "keepalived/plugin.h"
#include "runtime/log.hpp"

namespace batch_notifier {

/// Hands every message to the host's callback, and debug messages only where the host wants them.
class HostLog final : public runtime::Log {
 public:
  /// `host` must outlive the log.
  explicit HostLog(const KeepalivedPluginHost& host) : host_(host) {}

  void write(runtime::Severity severity, const std::string& message) noexcept override {
    const bool wanted = severity != runtime::Severity::debug || detailed();
    if (host_.log != nullptr && wanted) {
      host_.log(host_.context, static_cast<int>(severity), message.c_str());
    }
  }

  /// Whether debug messages are wanted: asked before making costly ones.
  [[nodiscard]] bool detailed() const { return (host_.flags & KEEPALIVED_PLUGIN_LOG_DETAIL) != 0; }

 private:
  const KeepalivedPluginHost& host_;
};

}  // namespace batch_notifier
