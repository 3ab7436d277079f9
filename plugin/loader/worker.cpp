// SPDX-License-Identifier: MIT
#include "loader/worker.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include <sys/stat.h>

#include "loader/exit_status.hpp"
#include "loader/host.hpp"
#include "loader/plugin_library.hpp"
#include "loader/signals.hpp"

namespace batch_notifier::loader {

namespace {

using runtime::Severity;

constexpr std::uint32_t own_stop_timeout = UINT32_MAX;
constexpr std::uint32_t hurried_stop_ms = 1000;
constexpr mode_t state_dir_mode = 0700;

struct DestroyPlugin {
  const KeepalivedPluginDescriptor* descriptor;
  void operator()(KeepalivedPlugin* plugin) const noexcept { descriptor->destroy(plugin); }
};

using PluginOwner = std::unique_ptr<KeepalivedPlugin, DestroyPlugin>;

// Without a directory the plugin still works; it only forgets what was pending when it ends.
bool make_state_dir(const std::string& path, runtime::Log& log) {
  int error = 0;
  if (mkdir(path.c_str(), state_dir_mode) != 0) {
    error = errno;
    struct stat status {};
    if (error == EEXIST && stat(path.c_str(), &status) == 0) {
      error = S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
    }
  }
  if (error != 0) {
    log.write(Severity::warning, "cannot make the state directory " + path + ": " +
                                     std::strerror(error) +
                                     "; what is pending will not survive a restart");
  }
  return error == 0;
}

// The errors with which start() says that a file, or the ABI, is not what it should be; any other
// is a lack of something that may be there the next time.
bool is_unreadable(int error) {
  switch (error) {
    case ENOENT:
    case EACCES:
    case EPERM:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
      return true;
    default:
      return false;
  }
}

class Worker {
 public:
  Worker(const KeepalivedPluginDescriptor& descriptor, KeepalivedPlugin& plugin,
         const SignalFd& signals, runtime::Log& log)
      : descriptor_(descriptor), plugin_(plugin), signals_(signals), log_(log) {}

  int run() {
    std::array<pollfd, 2> ready{
        {{descriptor_.fd(&plugin_), POLLIN, 0}, {signals_.fd(), POLLIN, 0}}};
    for (;;) {
      if (poll(ready.data(), ready.size(), -1) < 0) {
        if (errno == EINTR) {
          continue;
        }
        throw std::system_error(errno, std::generic_category(), "cannot wait for the plugin");
      }
      if ((ready[0].revents & POLLNVAL) != 0) {
        log_.write(Severity::error, "the plugin has closed its descriptor");
        return exit_failed;
      }
      while (ready[1].revents != 0) {
        const std::optional<int> number = signals_.next();
        if (!number) {
          break;
        }
        handle(*number);
      }
      if (ready[0].revents != 0) {
        const int result = descriptor_.dispatch(&plugin_);
        if (result == 0) {
          return exit_stopped;
        }
        if (result < 0) {
          log_.write(Severity::error,
                     std::string("the plugin cannot go on: ") + std::strerror(-result));
          return exit_failed;
        }
      }
    }
  }

 private:
  void handle(int number) {
    if (number == SIGHUP || (stopping_ && number != SIGINT)) {
      return;
    }
    if (descriptor_.stop(&plugin_, stopping_ ? hurried_stop_ms : own_stop_timeout) < 0) {
      throw std::runtime_error("the plugin cannot be stopped in good order");
    }
    stopping_ = true;
  }

  const KeepalivedPluginDescriptor& descriptor_;
  KeepalivedPlugin& plugin_;
  const SignalFd& signals_;
  runtime::Log& log_;
  bool stopping_ = false;
};

}  // namespace

int run_worker(const Options& options, const Served& served, int keepalived,
               core::MonotonicTime loader_started, runtime::Log& log) {
  // Cannot fail in a process that has just been forked.
  setsid();
  const SignalFd signals({SIGTERM, SIGINT, SIGHUP});
  std::optional<PluginLibrary> library;
  try {
    library.emplace(options.plugin_path);
  } catch (const std::runtime_error& error) {
    log.write(Severity::error, error.what());
    return exit_unreadable;
  }
  const KeepalivedPluginDescriptor& descriptor = library->descriptor();
  const bool has_state_dir = make_state_dir(options.state_dir, log);
  const KeepalivedPluginHost host =
      make_host(options, served, has_state_dir ? options.state_dir.c_str() : nullptr, keepalived,
                loader_started, log);
  KeepalivedPlugin* started = nullptr;
  const int result = descriptor.start(&host, &started);
  if (result < 0) {
    log.write(Severity::error, options.plugin_path + " cannot start: " + std::strerror(-result));
    return is_unreadable(-result) ? exit_unreadable : exit_failed;
  }
  const PluginOwner plugin(started, DestroyPlugin{&descriptor});
  return Worker(descriptor, *plugin, signals, log).run();
}

}  // namespace batch_notifier::loader
