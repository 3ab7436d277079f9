// SPDX-License-Identifier: MIT
#include "loader/host.hpp"

#include <syslog.h>

#include <algorithm>
#include <exception>

namespace batch_notifier::loader {

namespace {

void log_for_plugin(void* context, int priority, const char* message) noexcept {
  try {
    const auto severity = static_cast<runtime::Severity>(std::clamp(priority, LOG_ERR, LOG_DEBUG));
    static_cast<runtime::Log*>(context)->write(severity, message);
  } catch (const std::exception&) {
    // No memory for the message, and a plugin must not be unwound because of that.
    return;
  }
}

}  // namespace

KeepalivedPluginHost make_host(const Options& options, const Served& served, const char* state_dir,
                               const HostDescriptors& descriptors, core::MonotonicTime started,
                               runtime::Log& log) {
  KeepalivedPluginHost host{};
  host.abi_version = KEEPALIVED_PLUGIN_ABI_VERSION;
  host.size = sizeof(host);
  host.context = &log;
  host.log = log_for_plugin;
  host.config_path = served.config_path.c_str();
  host.fifo_path = options.fifo_path.empty() ? nullptr : options.fifo_path.c_str();
  host.state_dir = state_dir;
  host.flags = options.log_detail ? KEEPALIVED_PLUGIN_LOG_DETAIL : 0;
  host.config_id = served.config_id ? served.config_id->c_str() : nullptr;
  host.net_namespace = served.net_namespace ? served.net_namespace->c_str() : nullptr;
  host.keepalived = std::max(descriptors.keepalived, 0);
  host.deliveries = std::max(descriptors.deliveries, 0);
  host.fifo = std::max(descriptors.fifo, 0);
  host.started_us = started.time_since_epoch().count();
  return host;
}

}  // namespace batch_notifier::loader
