// SPDX-License-Identifier: MIT
/// @file
/// A plugin's shared object, opened and checked. Its symbols stay local, so that nothing in it can
/// replace a function of the loader, and all of them are resolved at once: what is missing shows
/// when keepalived starts and not at the first failover.
#pragma once

#include <memory>
#include <string>

#include "keepalived/plugin.h"

namespace batch_notifier::loader {

/// Keeps the shared object open.
class PluginLibrary {
 public:
  /// Opens it; a path without a slash means the working directory, not the library path. Throws
  /// std::runtime_error when it cannot be opened, is no plugin, or has another ABI.
  explicit PluginLibrary(const std::string& path);

  /// What the plugin offers; valid as long as this object, with no function missing.
  [[nodiscard]] const KeepalivedPluginDescriptor& descriptor() const { return *descriptor_; }

 private:
  struct Close {
    void operator()(void* library) const noexcept;
  };

  std::unique_ptr<void, Close> library_;
  const KeepalivedPluginDescriptor* descriptor_ = nullptr;
};

}  // namespace batch_notifier::loader
