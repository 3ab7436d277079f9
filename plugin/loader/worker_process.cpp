// SPDX-License-Identifier: MIT
#include "loader/worker_process.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/child_keeper.hpp"
#include "runtime/process_children.hpp"

namespace batch_notifier::loader {

WorkerProcess::WorkerProcess(pid_t pid, WorkerSeat seat)
    : pid_(pid),
      seat_(std::move(seat)),
      // By number, because glibc has had the wrapper since 2.36 only.
      process_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0U))) {
  seat_.leave_to_worker();
}

std::string WorkerProcess::name() const {
  return "worker " + std::to_string(pid_);
}

void WorkerProcess::signal(int number) const {
  if (process_) {
    syscall(SYS_pidfd_send_signal, process_.get(), number, nullptr, 0U);
  } else {
    kill(pid_, number);
  }
}

void WorkerProcess::kill_all() const {
  runtime::visit_children(
      pid_, [](pid_t child, void* /*context*/) { kill(child, runtime::keeper_kill); }, nullptr);
  signal(SIGKILL);
}

std::optional<WorkerEnd> WorkerProcess::end() {
  int status = 0;
  const pid_t reaped = waitpid(pid_, &status, WNOHANG);
  if (reaped == pid_ && WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return WorkerEnd{std::nullopt, name() + " was killed by signal " + std::to_string(number) +
                                       " (" + strsignal(number) + ")"};
  }
  std::optional<int> exit_status;
  if (reaped == pid_) {
    exit_status = WEXITSTATUS(status);
  } else {
    // Not our child, or it runs.
    pollfd process{process_.get(), POLLIN, 0};
    if (reaped == 0 || errno != ECHILD || !process_ || poll(&process, 1, /*timeout=*/0) != 1) {
      return std::nullopt;
    }
    exit_status = seat_.noted_exit();
  }
  if (!exit_status) {
    return WorkerEnd{std::nullopt, name() + " was killed"};
  }
  return WorkerEnd{exit_status, name() + " ended with status " + std::to_string(*exit_status)};
}

}  // namespace batch_notifier::loader
