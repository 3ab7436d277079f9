// SPDX-License-Identifier: MIT
#include "loader/supervisor.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <sys/wait.h>

#include "core/time.hpp"
#include "loader/exit_status.hpp"
#include "loader/restart_policy.hpp"
#include "loader/signals.hpp"
#include "loader/worker_process.hpp"
#include "runtime/text.hpp"

namespace batch_notifier::loader {

namespace {

using runtime::seconds_text;
using runtime::Severity;

/// How long a worker that was killed may take to go.
constexpr core::Duration death_wait = std::chrono::seconds(1);
/// How long the deliveries of one that has ended may take.
constexpr core::Duration remains_wait = std::chrono::seconds(3);

core::MonotonicTime monotonic_now() {
  return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
}

class Supervisor {
 public:
  explicit Supervisor(runtime::Log& log)
      : log_(log), signals_({SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {}

  std::variant<int, WorkerSeat> run() {
    start_worker();
    while (!exit_status_ && !seat_) {
      wait();
      while (const std::optional<int> number = signals_.next()) {
        handle(*number);
      }
      if (guard_) {
        continue;
      }
      look_after_worker();
      if (restart_at_ && monotonic_now() >= *restart_at_ && nothing_remains()) {
        start_worker();
      }
    }
    if (seat_) {
      return *std::move(seat_);
    }
    return *exit_status_;
  }

 private:
  /// In the worker, `seat_` is there afterwards.
  void start_worker() {
    restart_at_.reset();
    WorkerSeat seat;
    const pid_t pid = fork();
    if (pid == 0) {
      seat.leave_to_watcher();
      seat_ = std::move(seat);
      return;
    }
    if (pid < 0) {
      act(policy_.worker_ended(std::nullopt, monotonic_now()),
          "cannot start a worker: " + runtime::errno_text(errno));
      return;
    }
    worker_.emplace(pid, std::move(seat));
    policy_.worker_started(monotonic_now());
    if (stopping_) {
      // Blocked there until it is waited for, so it cannot come too early.
      worker_->signal(SIGTERM);
    }
  }

  void wait() const {
    std::array<pollfd, 3> ready{{{signals_.fd(), POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}}};
    std::optional<core::MonotonicTime> until = restart_at_;
    if (restart_at_ && monotonic_now() >= *restart_at_) {
      ready[1].fd = remains_.get();
      until = remains_until_;
    }
    if (worker_ && !guard_) {
      ready[1].fd = worker_->end_fd();
      // Once it is overdue the timer stays readable: a time is waited for instead.
      ready[2].fd = check_at_ ? -1 : worker_->seat().timer_fd();
      until = check_at_;
    }
    int timeout = -1;
    if (until) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - monotonic_now());
      timeout = static_cast<int>(std::max(left, std::chrono::milliseconds(0)).count());
    }
    if (poll(ready.data(), ready.size(), timeout) < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "cannot wait for signals");
    }
  }

  void handle(int number) {
    if (number == SIGCHLD && guard_) {
      follow_guard();
    } else if (number == SIGTERM || number == SIGINT) {
      stop(number);
    }
  }

  void stop(int number) {
    if (guard_) {
      kill(*guard_, number);
    } else if (!stopping_) {
      stopping_ = true;
      if (hand_over()) {
        return;
      }
      policy_.stop_requested();
      if (worker_) {
        worker_->signal(SIGTERM);
      } else {
        // Its pending changes can be delivered by the next one only.
        restart_at_ = monotonic_now();
      }
    } else if (number == SIGINT) {
      const bool again = std::exchange(hurrying_, true);
      if (worker_) {
        worker_->signal(again ? SIGKILL : SIGINT);
      }
    }
  }

  /// True in a process that has nothing more to do than to follow its guard.
  bool hand_over() {
    if (worker_ && worker_->end_fd() < 0) {
      // The guard could not see its end.
      return false;
    }
    const pid_t pid = fork();
    if (pid == 0) {
      setpgid(0, 0);
    } else if (pid > 0) {
      guard_ = pid;
    } else {
      log_.write(Severity::error, "cannot fork a guard: " + runtime::errno_text(errno) +
                                      ": a worker that crashes after keepalived has stopped is not "
                                      "replaced");
    }
    return pid > 0;
  }

  void follow_guard() {
    int status = 0;
    pid_t pid = 0;
    // The workers are children of this process still.
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid == *guard_) {
        exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status) : exit_failed;
      }
    }
  }

  void look_after_worker() {
    if (!worker_) {
      return;
    }
    if (const std::optional<WorkerEnd> end = worker_->end()) {
      worker_ended(*end);
    } else if (!check_at_) {
      if (worker_->seat().overdue()) {
        check_at_ = monotonic_now() + last_moment;
      }
    } else if (monotonic_now() >= *check_at_) {
      check_hung_worker();
    }
  }

  /// The second look: a machine that stood still lets the timer run out before the worker can go
  /// on.
  void check_hung_worker() {
    if (killed_) {
      const std::string name = worker_->name();
      worker_ended({std::nullopt, name + " sleeps in the kernel and cannot be killed: it is left "
                                         "behind"});
      // It holds the pipe itself.
      remains_.reset();
    } else if (worker_->seat().overdue()) {
      log_.write(Severity::error, worker_->name() + " did not finish a turn of its loop within " +
                                      seconds_text(worker_->seat().limit()) +
                                      ": it hangs and is killed; another one continues from the "
                                      "ledger");
      worker_->kill_all();
      killed_ = true;
      check_at_ = monotonic_now() + death_wait;
    } else {
      check_at_.reset();
    }
  }

  void worker_ended(const WorkerEnd& end) {
    remains_ = worker_->take_remains();
    remains_until_ = monotonic_now() + remains_wait;
    worker_.reset();
    check_at_.reset();
    killed_ = false;
    const Decision decision = policy_.worker_ended(end.exit_status, monotonic_now());
    const bool again = std::holds_alternative<RestartAfter>(decision);
    act(hurrying_ && again ? ExitWith{exit_failed} : decision, end.text);
  }

  /// Whether nothing of the last worker's deliveries runs any more, or enough was waited for that.
  bool nothing_remains() {
    pollfd end{remains_.get(), POLLIN, 0};
    if (remains_ && poll(&end, 1, /*timeout=*/0) == 0) {
      if (monotonic_now() < remains_until_) {
        return false;
      }
      log_.write(Severity::error, "a command of the last worker still runs " +
                                      seconds_text(remains_wait) +
                                      " after the worker ended: the next worker starts beside it, "
                                      "and its deliveries may overtake the old one");
    }
    remains_.reset();
    return true;
  }

  void act(const Decision& decision, const std::string& what) {
    if (const auto* exit = std::get_if<ExitWith>(&decision)) {
      exit_status_ = exit->status;
      const bool clean = exit->status == exit_stopped;
      log_.write(clean ? Severity::notice : Severity::error,
                 what + ": the loader ends with status " + std::to_string(exit->status));
      return;
    }
    const core::Duration delay = std::get<RestartAfter>(decision).delay;
    restart_at_ = monotonic_now() + delay;
    log_.write(Severity::error,
               what + ": another one starts " +
                   (delay == core::Duration::zero() ? "at once" : "in " + seconds_text(delay)));
  }

  runtime::Log& log_;
  SignalFd signals_;
  RestartPolicy policy_;
  std::optional<WorkerProcess> worker_;
  std::optional<WorkerSeat> seat_;               ///< In a worker.
  std::optional<pid_t> guard_;                   ///< In a supervisor that has handed over.
  std::optional<core::MonotonicTime> check_at_;  ///< When to look at an overdue worker again.
  std::optional<core::MonotonicTime> restart_at_;
  runtime::UniqueFd remains_;  ///< Of the last worker, see WorkerSeat.
  core::MonotonicTime remains_until_;
  std::optional<int> exit_status_;
  bool killed_ = false;
  bool stopping_ = false;
  bool hurrying_ = false;
};

}  // namespace

std::variant<int, WorkerSeat> supervise(runtime::Log& log) {
  return Supervisor(log).run();
}

}  // namespace batch_notifier::loader
