// SPDX-License-Identifier: MIT
#include "loader/signals.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include <sys/signalfd.h>

namespace batch_notifier::loader {

void reset_signal_actions() {
  // The C library refuses the few it keeps to itself, and the kernel SIGKILL and SIGSTOP.
  for (int number = 1; number <= SIGRTMAX; ++number) {
    std::signal(number, SIG_DFL);
  }
}

SignalFd::SignalFd(std::initializer_list<int> signals) {
  sigset_t awaited;
  sigemptyset(&awaited);
  for (const int number : signals) {
    sigaddset(&awaited, number);
  }
  sigset_t blocked = awaited;
  for (const int number : {SIGPIPE, SIGXFSZ, SIGXCPU}) {
    sigaddset(&blocked, number);
  }
  if (sigprocmask(SIG_SETMASK, &blocked, nullptr) == 0) {
    fd_.reset(signalfd(-1, &awaited, SFD_NONBLOCK | SFD_CLOEXEC));
  }
  if (!fd_) {
    throw std::system_error(errno, std::generic_category(), "cannot wait for signals");
  }
}

std::optional<int> SignalFd::next() const {
  signalfd_siginfo info{};
  if (read(fd_.get(), &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) {
    return std::nullopt;
  }
  return static_cast<int>(info.ssi_signo);
}

}  // namespace batch_notifier::loader
