// SPDX-License-Identifier: MIT
#include "runtime/child_keeper.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "runtime/close_descriptors.hpp"
#include "runtime/process_children.hpp"

namespace batch_notifier::runtime {

namespace {

constexpr long first_pause_ns = 1'000'000;
constexpr long longest_pause_ns = 500'000'000;
/// Rounds, each with a longer pause, in which processes that may not be killed are tried again.
constexpr int most_denials = 12;

/// The end of one delivery's processes.
class Keeper {
 public:
  explicit Keeper(pid_t program) : program_(program) {
    sigemptyset(&awaited_);
    for (const int number : {SIGCHLD, keeper_terminate, keeper_kill}) {
      sigaddset(&awaited_, number);
    }
  }

  [[noreturn]] void run() noexcept {
    bool failed = false;
    while (!program_ended()) {
      const int number = sigwaitinfo(&awaited_, nullptr);
      if (number == keeper_terminate) {
        failed = true;
        signal_program(SIGTERM);
      } else if (number == keeper_kill) {
        failed = true;
        end_all();
      }
      reap_adopted();
    }
    if (failed || status_ != 0) {
      end_all();
    }
    pass_on();
  }

 private:
  struct Round {
    pid_t program = 0;  ///< Left out: it has ended.
    int signalled = 0;
    int denied = 0;
  };

  /// Leaves it a zombie, so that its process group keeps its number.
  bool program_ended() noexcept {
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(program_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid != program_) {
      return false;
    }
    status_ = info.si_status;
    killed_ = info.si_code != CLD_EXITED;
    return true;
  }

  void reap_adopted() const noexcept {
    siginfo_t info{};
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 &&
           info.si_pid != program_) {
      waitpid(info.si_pid, nullptr, WNOHANG);
      info.si_pid = 0;
    }
  }

  void signal_program(int number) const noexcept {
    // It may not have come as far as making its group.
    if (kill(-program_, number) != 0) {
      kill(program_, number);
    }
  }

  /// Kills the children again and again: the children of a killed one become children of the
  /// keeper. Returns once there is none, or none that may be killed. A process that sleeps in the
  /// kernel is waited for.
  void end_all() noexcept {
    signal_program(SIGKILL);
    timespec pause{0, first_pause_ns};
    for (int denials = 0;;) {
      Round round;
      round.program = program_ended() ? program_ : 0;
      const bool seen = visit_children(getpid(), kill_one, &round);
      if (!seen && round.program != 0) {
        return;
      }
      if (seen && round.signalled == 0 && (round.denied == 0 || ++denials > most_denials)) {
        return;
      }
      sigset_t child_ended;
      sigemptyset(&child_ended);
      sigaddset(&child_ended, SIGCHLD);
      sigtimedwait(&child_ended, nullptr, &pause);
      pause.tv_nsec = std::min(pause.tv_nsec * 2, longest_pause_ns);
      reap_all_but_program();
    }
  }

  static void kill_one(pid_t child, void* context) {
    auto& round = *static_cast<Round*>(context);
    if (child != round.program) {
      ++(kill(child, SIGKILL) == 0 ? round.signalled : round.denied);
    }
  }

  struct Unprogrammed {
    pid_t program;
  };

  void reap_all_but_program() const noexcept {
    Unprogrammed context{program_};
    visit_children(
        getpid(),
        [](pid_t child, void* all_but) {
          if (child != static_cast<const Unprogrammed*>(all_but)->program) {
            waitpid(child, nullptr, WNOHANG);
          }
        },
        &context);
  }

  /// Ends as the program did.
  [[noreturn]] void pass_on() const noexcept {
    if (killed_) {
      const rlimit no_core{};
      setrlimit(RLIMIT_CORE, &no_core);
      sigset_t none;
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, nullptr);
      kill(getpid(), status_);
    }
    _exit(killed_ ? EXIT_FAILURE : status_);
  }

  pid_t program_;
  sigset_t awaited_{};
  int status_ = 0;  ///< Exit status, or the signal.
  bool killed_ = false;
};

}  // namespace

void keep_child(const ChildEntry& entry) noexcept {
  setpgid(0, 0);
  prctl(PR_SET_NAME, "batch-delivery");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_PDEATHSIG, keeper_kill);
  if (getppid() != entry.parent) {
    _exit(EXIT_FAILURE);
  }
  const pid_t keeper = getpid();
  const pid_t program = fork();
  if (program == 0) {
    enter_program(entry, keeper);
  }
  if (program < 0) {
    give_up(entry.report, ChildStep::fork);
  }
  close_descriptors(0, entry.kept);
  Keeper(program).run();
}

}  // namespace batch_notifier::runtime
