// SPDX-License-Identifier: MIT
#include "loader/worker.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include <sys/stat.h>

#include "loader/exit_status.hpp"
#include "loader/plugin_library.hpp"
#include "loader/plugin_security.hpp"
#include "loader/signals.hpp"
#include "runtime/text.hpp"

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

// Without a directory the plugin still works; pending changes are then lost when it ends.
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
                                     runtime::errno_text(error) +
                                     "; pending changes do not survive a crash or restart");
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

/// Reports turns to the seat. Setting a timer costs about as much as handling a message, so while
/// turns follow each other closely the timer is neither disarmed between two of them nor set anew
/// for each.
class TurnWatch {
 public:
  /// No turn is under way.
  explicit TurnWatch(const WorkerSeat& seat) : seat_(seat) { seat_.end_turn(); }

  /// A turn begins.
  void begin() {
    const auto now = std::chrono::steady_clock::now();
    frequent_ = now - began_ < settling;
    began_ = now;
    if (!armed_at_ || now - *armed_at_ >= renewal) {
      armed_at_ = now;
      seat_.begin_turn(longest_turn);
    }
  }

  /// How long to wait for the next turn, for poll(2), before settle() is to be called; or -1.
  [[nodiscard]] int wait_ms() {
    if (armed_at_ && frequent_) {
      return static_cast<int>(std::chrono::milliseconds(settling).count());
    }
    settle();
    return -1;
  }

  /// No further turn has followed soon: disarms the timer, so that it wakes nothing up while the
  /// worker is idle.
  void settle() {
    if (armed_at_) {
      seat_.end_turn();
      armed_at_.reset();
    }
  }

 private:
  /// A turn that begins so late gets less of its time, and `last_moment` makes up for it.
  static constexpr core::Duration renewal = last_moment;
  static constexpr std::chrono::milliseconds settling{1000};

  const WorkerSeat& seat_;
  std::chrono::steady_clock::time_point began_;
  std::optional<std::chrono::steady_clock::time_point> armed_at_;
  bool frequent_ = false;
};

class Worker {
 public:
  Worker(const KeepalivedPluginDescriptor& descriptor, KeepalivedPlugin& plugin,
         const SignalFd& signals, const WorkerSeat& seat, runtime::Log& log)
      : descriptor_(descriptor), plugin_(plugin), signals_(signals), turns_(seat), log_(log) {}

  /// What follows the last turn, up to the end of the process, belongs to it.
  int run() {
    std::array<pollfd, 2> ready{
        {{descriptor_.fd(&plugin_), POLLIN, 0}, {signals_.fd(), POLLIN, 0}}};
    std::optional<int> status;
    while (!status) {
      const int count = poll(ready.data(), ready.size(), turns_.wait_ms());
      if (count < 0 && errno != EINTR) {
        throw std::system_error(errno, std::generic_category(), "cannot wait for the plugin");
      }
      if (count == 0) {
        turns_.settle();
      }
      if (count <= 0) {
        continue;
      }
      turns_.begin();
      status = take_turn(ready[0].revents, ready[1].revents != 0);
    }
    return *status;
  }

 private:
  /// The exit status, if this turn was the last one.
  std::optional<int> take_turn(short plugin_events, bool signalled) {
    if ((plugin_events & POLLNVAL) != 0) {
      log_.write(
          Severity::error,
          "the plugin has closed its own descriptor: this worker ends, and another one starts");
      return exit_failed;
    }
    while (const std::optional<int> number = signalled ? signals_.next() : std::nullopt) {
      handle(*number);
    }
    if (plugin_events == 0) {
      return std::nullopt;
    }
    const int result = descriptor_.dispatch(&plugin_);
    if (result < 0) {
      log_.write(Severity::error, "the plugin cannot continue: " + runtime::errno_text(-result) +
                                      ": this worker ends, and another one starts");
      return exit_failed;
    }
    return result == 0 ? std::optional(exit_stopped) : std::nullopt;
  }

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
  TurnWatch turns_;
  runtime::Log& log_;
  bool stopping_ = false;
};

}  // namespace

int run_worker(const Options& options, const Served& served, HostDescriptors descriptors,
               core::MonotonicTime loader_started, const WorkerSeat& seat, runtime::Log& log) {
  // Cannot fail in a process that has just been forked.
  setsid();
  const SignalFd signals({SIGTERM, SIGINT, SIGHUP});
  seat.begin_turn(longest_start);
  std::optional<PluginLibrary> library;
  try {
    require_secure_plugin(options.plugin_path, served, log);
    library.emplace(options.plugin_path);
  } catch (const std::runtime_error& error) {
    log.write(Severity::error, error.what());
    return exit_unreadable;
  }
  const KeepalivedPluginDescriptor& descriptor = library->descriptor();
  descriptors.deliveries = seat.deliveries_fd();
  const bool has_state_dir = make_state_dir(options.state_dir, log);
  const KeepalivedPluginHost host =
      make_host(options, served, has_state_dir ? options.state_dir.c_str() : nullptr, descriptors,
                loader_started, log);
  KeepalivedPlugin* started = nullptr;
  const int result = descriptor.start(&host, &started);
  if (result < 0) {
    log.write(Severity::error,
              options.plugin_path + " cannot start: " + runtime::errno_text(-result));
    return is_unreadable(-result) ? exit_unreadable : exit_failed;
  }
  const PluginOwner plugin(started, DestroyPlugin{&descriptor});
  return Worker(descriptor, *plugin, signals, seat, log).run();
}

}  // namespace batch_notifier::loader
