// SPDX-License-Identifier: MIT
#include "loader/supervisor.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include <sys/wait.h>

#include "core/time.hpp"
#include "loader/exit_status.hpp"
#include "loader/restart_policy.hpp"
#include "loader/signals.hpp"

namespace batch_notifier::loader {

namespace {

core::MonotonicTime monotonic_now() {
  return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
}

std::string seconds_text(core::Duration duration) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g s", std::chrono::duration<double>(duration).count());
  return text;
}

std::string ending_text(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    return "was killed by signal " + std::to_string(number) + " (" + strsignal(number) + ")";
  }
  return "ended with status " + std::to_string(WEXITSTATUS(wait_status));
}

class Supervisor {
 public:
  explicit Supervisor(runtime::Log& log)
      : log_(log), signals_({SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {}

  std::optional<int> run() {
    if (start_worker() == Role::worker) {
      return std::nullopt;
    }
    while (!exit_status_) {
      wait();
      while (const std::optional<int> number = signals_.next()) {
        handle(*number);
      }
      if (restart_at_ && monotonic_now() >= *restart_at_ && start_worker() == Role::worker) {
        return std::nullopt;
      }
    }
    return exit_status_;
  }

 private:
  enum class Role { supervisor, worker };

  Role start_worker() {
    restart_at_.reset();
    const pid_t pid = fork();
    if (pid == 0) {
      return Role::worker;
    }
    if (pid < 0) {
      const std::string reason = std::strerror(errno);
      act(policy_.worker_ended(std::nullopt, monotonic_now()), "cannot start a worker: " + reason);
      return Role::supervisor;
    }
    worker_ = pid;
    policy_.worker_started(monotonic_now());
    if (stopping_) {
      // Blocked there until it is waited for, so it cannot come too early.
      kill(*worker_, SIGTERM);
    }
    return Role::supervisor;
  }

  void wait() const {
    int timeout = -1;
    if (restart_at_) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*restart_at_ - monotonic_now());
      timeout = static_cast<int>(std::max(left, std::chrono::milliseconds(0)).count());
    }
    pollfd signals{signals_.fd(), POLLIN, 0};
    if (poll(&signals, 1, timeout) < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "cannot wait for signals");
    }
  }

  void handle(int number) {
    if (number == SIGCHLD) {
      reap();
    } else if (number == SIGTERM || number == SIGINT) {
      stop(number);
    }
  }

  void stop(int number) {
    if (!stopping_) {
      stopping_ = true;
      policy_.stop_requested();
      if (worker_) {
        kill(*worker_, SIGTERM);
      } else {
        // What the last one has not told is told now or never.
        restart_at_ = monotonic_now();
      }
    } else if (number == SIGINT) {
      const bool again = std::exchange(hurrying_, true);
      if (worker_) {
        kill(*worker_, again ? SIGKILL : SIGINT);
      }
    }
  }

  void reap() {
    int wait_status = 0;
    if (!worker_ || waitpid(*worker_, &wait_status, WNOHANG) != *worker_) {
      return;
    }
    const std::string what = "worker " + std::to_string(*worker_) + ' ' + ending_text(wait_status);
    worker_.reset();
    std::optional<int> exit_status;
    if (WIFEXITED(wait_status)) {
      exit_status = WEXITSTATUS(wait_status);
    }
    const Decision decision = policy_.worker_ended(exit_status, monotonic_now());
    const bool again = std::holds_alternative<RestartAfter>(decision);
    act(hurrying_ && again ? ExitWith{exit_failed} : decision, what);
  }

  void act(const Decision& decision, const std::string& what) {
    if (const auto* exit = std::get_if<ExitWith>(&decision)) {
      exit_status_ = exit->status;
      const bool clean = exit->status == exit_stopped;
      log_.write(clean ? runtime::Severity::notice : runtime::Severity::error, what);
      return;
    }
    const core::Duration delay = std::get<RestartAfter>(decision).delay;
    restart_at_ = monotonic_now() + delay;
    log_.write(runtime::Severity::error, what + ", next try in " + seconds_text(delay));
  }

  runtime::Log& log_;
  SignalFd signals_;
  RestartPolicy policy_;
  std::optional<pid_t> worker_;
  std::optional<core::MonotonicTime> restart_at_;
  std::optional<int> exit_status_;
  bool stopping_ = false;
  bool hurrying_ = false;
};

}  // namespace

std::optional<int> supervise(runtime::Log& log) {
  return Supervisor(log).run();
}

}  // namespace batch_notifier::loader
