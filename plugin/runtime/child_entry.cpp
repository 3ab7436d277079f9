// SPDX-License-Identifier: MIT
#include "runtime/child_entry.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <span>

#include <sys/prctl.h>
#include <sys/resource.h>

#include "runtime/child_keeper.hpp"
#include "runtime/close_descriptors.hpp"

namespace batch_notifier::runtime {

namespace {

constexpr int report_fd = STDERR_FILENO + 1;
constexpr int first_unwanted_fd = report_fd + 1;
constexpr rlim_t usual_descriptors = 1024;

// So that it is written whole or not at all.
static_assert(sizeof(ChildFailure) <= PIPE_BUF);

[[noreturn]] void give_up(int report, const ChildFailure& failure) {
  // Without it the parent still sees the exit status.
  [[maybe_unused]] const ssize_t written = write(report, &failure, sizeof(failure));
  _exit(EXIT_FAILURE);
}

/// Gives up unless the program is root's alone. In the child, because a file system that hangs must
/// hang nobody else, and as the last thing before the execution, by the user who executes.
void require_roots(const char* program) {
  const std::optional<CommandFlaw> flaw = find_command_flaw(program);
  if (!flaw) {
    return;
  }
  if (flaw->kind == CommandFlawKind::unreachable) {
    // What the execution would have said. It is not left to it: the file may be there by now.
    give_up(report_fd, ChildFailure{ChildStep::execute, flaw->error, {}, {}});
  }
  give_up(report_fd, ChildFailure{ChildStep::security, 0, *flaw, {}});
}

/// Gives up unless the file may be written, by the user who writes. In the child for the same
/// reason.
void require_secure_file(const ChildEntry& entry) {
  const std::optional<CommandFlaw> flaw = entry.root_writable_only && geteuid() == 0
                                              ? find_file_flaw(entry.written_file)
                                              : find_link_flaw(entry.written_file);
  // What is out of reach is reported by the function, which meets it too.
  if (flaw && flaw->kind != CommandFlawKind::unreachable) {
    give_up(report_fd, ChildFailure{ChildStep::security, 0, *flaw, {}});
  }
}

void reset_signal_dispositions() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) {
    sigaction(number, &action, nullptr);
  }
}

/// Any of the three may have a number that another is about to get, where the host runs without
/// standard descriptors: so all move out of the way first.
bool place_descriptors(const ChildEntry& entry, std::span<const int> kept) {
  const int input = fcntl(entry.input, F_DUPFD_CLOEXEC, first_unwanted_fd);
  const int output = fcntl(entry.output, F_DUPFD_CLOEXEC, first_unwanted_fd);
  const int report = fcntl(entry.report, F_DUPFD_CLOEXEC, first_unwanted_fd);
  if (input < 0 || output < 0 || report < 0 || dup2(input, STDIN_FILENO) < 0 ||
      dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0 ||
      dup3(report, report_fd, O_CLOEXEC) < 0) {
    return false;
  }
  close_descriptors(first_unwanted_fd, kept);
  return true;
}

/// As most programs are started: some look at every possible descriptor, and select(2) knows no
/// more.
void limit_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > usual_descriptors) {
    limit.rlim_cur = usual_descriptors;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

/// What programs and functions have in common.
void settle_in(const ChildEntry& entry, pid_t parent, std::span<const int> kept) {
  setsid();
  if (!place_descriptors(entry, kept)) {
    give_up(entry.report, ChildStep::descriptors);
  }
  if (chdir("/") != 0) {
    give_up(report_fd, ChildStep::directory);
  }
  if (entry.user != nullptr) {
    errno = become(*entry.user);
    if (errno != 0) {
      give_up(report_fd, ChildStep::user);
    }
  }
  // After the change of user, which clears it; and the parent may be dead already.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) {
    _exit(EXIT_FAILURE);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

void give_up(int report, ChildStep step) noexcept {
  give_up(report, ChildFailure{step, errno, {}, {}});
}

void enter_child(const ChildEntry& entry) noexcept {
  reset_signal_dispositions();
  // First, because placing those that are needed takes a few more.
  close_descriptors(0, entry.needed);
  if (entry.arguments != nullptr) {
    keep_child(entry);
  }
  settle_in(entry, entry.parent, entry.kept);
  if (entry.written_file != nullptr) {
    require_secure_file(entry);
  }
  _exit((*entry.function)());
}

void enter_program(const ChildEntry& entry, pid_t keeper) noexcept {
  settle_in(entry, keeper, {});
  limit_descriptors();
  if (entry.root_writable_only) {
    require_roots(entry.arguments[0]);
  }
  execve(entry.arguments[0], entry.arguments, entry.environment);
  const int error = errno;
  give_up(report_fd,
          ChildFailure{ChildStep::execute, error, {}, find_script_flaw(entry.arguments[0], error)});
}

}  // namespace batch_notifier::runtime
