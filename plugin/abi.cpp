// SPDX-License-Identifier: MIT
/// @file
/// The border to the host. Everything that crosses it is C: whatever is thrown inside is logged and
/// becomes a negative errno value here, and nowhere else.
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>

#include "batch_notifier.hpp"
#include "config/advice.hpp"
#include "config/problem.hpp"
#include "host_configuration.hpp"
#include "keepalived/plugin.h"

namespace {

/// What the first hosts of this ABI gave; all that is behind it may be missing. They counted the
/// padding at their end, so nothing may ever stand there.
constexpr std::size_t first_host_size = offsetof(KeepalivedPluginHost, started_us);
static_assert(first_host_size % alignof(KeepalivedPluginHost) == 0);
static_assert(sizeof(void*) != 8 || first_host_size == 56);

/// A host's description with everything that it does not know of left at zero.
KeepalivedPluginHost completed(const KeepalivedPluginHost& given) {
  KeepalivedPluginHost host{};
  std::memcpy(&host, &given, std::min<std::size_t>(given.size, sizeof(host)));
  return host;
}

}  // namespace

/// The opaque object of the C interface.
struct KeepalivedPlugin {
  /// A copy, so that only the data that it points to must stay. Outlives the parts that use it.
  KeepalivedPluginHost host;
  /// The plugin itself.
  batch_notifier::BatchNotifier notifier;

  /// Starts; throws what BatchNotifier throws.
  explicit KeepalivedPlugin(const KeepalivedPluginHost& given)
      : host(completed(given)), notifier(host) {}
};

namespace {

using batch_notifier::config::Problem;

void log_error(const KeepalivedPluginHost& host, const char* message) noexcept {
  if (host.log != nullptr) {
    host.log(host.context, static_cast<int>(batch_notifier::runtime::Severity::error), message);
  }
}

/// Runs `body`; turns what it throws into a negative errno value.
template <typename Body>
int guarded(const KeepalivedPluginHost& host, Body body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    log_error(host, "out of memory");
    return -ENOMEM;
  } catch (const std::system_error& error) {
    log_error(host, error.what());
    const int number = error.code().value();
    return number > 0 ? -number : -EIO;
  } catch (const std::exception& error) {
    log_error(host, error.what());
  } catch (...) {
    log_error(host, "unknown failure");
  }
  return -EIO;
}

bool compatible(const KeepalivedPluginHost& host) {
  return host.abi_version == KEEPALIVED_PLUGIN_ABI_VERSION && host.size >= first_host_size &&
         host.config_path != nullptr;
}

int check_config(const KeepalivedPluginHost* host, KeepalivedPluginReport report) {
  if (host == nullptr || report == nullptr || !compatible(*host)) {
    return -EINVAL;
  }
  return guarded(*host, [&] {
    const auto configuration = batch_notifier::read_host_configuration(completed(*host));
    for (const Problem& problem : configuration.problems) {
      report(host->context, problem.location.file.c_str(), problem.location.line,
             problem.message.c_str());
    }
    for (const Problem& warning : configuration.warnings) {
      const bool placed = warning.location.line != 0;
      report(host->context, placed ? warning.location.file.c_str() : host->config_path,
             warning.location.line, ("warning: " + warning.message).c_str());
    }
    const std::string summary =
        batch_notifier::config::count_parts(configuration) + "; started by keepalived: " +
        batch_notifier::config::started_by_keepalived(configuration.scripts);
    report(host->context, host->config_path, 0, summary.c_str());
    return static_cast<int>(configuration.problems.size());
  });
}

int start(const KeepalivedPluginHost* host, KeepalivedPlugin** plugin) {
  if (plugin == nullptr) {
    return -EINVAL;
  }
  *plugin = nullptr;
  if (host == nullptr || !compatible(*host)) {
    return -EINVAL;
  }
  return guarded(*host, [&] {
    *plugin = std::make_unique<KeepalivedPlugin>(*host).release();
    return 0;
  });
}

int fd(const KeepalivedPlugin* plugin) {
  return plugin->notifier.fd();
}

int dispatch(KeepalivedPlugin* plugin) {
  return guarded(plugin->host, [&] { return plugin->notifier.dispatch() ? 1 : 0; });
}

int stop(KeepalivedPlugin* plugin, uint32_t deadline_ms) {
  return guarded(plugin->host, [&] {
    std::optional<batch_notifier::core::Duration> within;
    if (deadline_ms != UINT32_MAX) {
      within = std::chrono::milliseconds(deadline_ms);
    }
    plugin->notifier.stop(within);
    return 0;
  });
}

void destroy(KeepalivedPlugin* plugin) {
  delete plugin;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" const KeepalivedPluginDescriptor keepalived_plugin = {
    KEEPALIVED_PLUGIN_ABI_VERSION,
    sizeof(KeepalivedPluginDescriptor),
    "batch_notifier",
    BATCH_NOTIFIER_VERSION,
    check_config,
    start,
    fd,
    dispatch,
    stop,
    destroy,
};
#pragma GCC visibility pop
