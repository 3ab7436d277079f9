// SPDX-License-Identifier: MIT
#include "runtime/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <locale>
#include <sstream>
#include <system_error>

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/child_entry.hpp"
#include "runtime/child_keeper.hpp"
#include "runtime/command_security.hpp"
#include "runtime/printable.hpp"
#include "runtime/script_flaw.hpp"

namespace batch_notifier::runtime {

namespace {

/// The size of a pipe unless it was changed: as much output as an ended child can have left.
constexpr std::size_t pipe_capacity = 65'536;
constexpr std::size_t read_size = 16'384;
constexpr int death_wait_ms = 100;

[[noreturn]] void throw_errno(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

/// Only the parent's end, the reading one, is non-blocking.
Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw_errno(errno, "cannot make a pipe");
  }
  Pipe made{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (fcntl(made.read_end.get(), F_SETFL, O_NONBLOCK) != 0) {
    throw_errno(errno, "cannot make a pipe non-blocking");
  }
  return made;
}

UniqueFd open_null() {
  UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null) {
    throw_errno(errno, "cannot open /dev/null");
  }
  return null;
}

/// For execve(2), which takes them as changeable and changes nothing.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

/// Blocks every signal for the calling thread, for as long as it lives.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

std::string failure_text(const ChildFailure& failure, const std::string& path) {
  const std::string command = printable(path);
  const std::string error = ": " + std::generic_category().message(failure.error);
  switch (failure.step) {
    case ChildStep::fork:
      return "cannot fork" + error;
    case ChildStep::descriptors:
      return "cannot set up standard input and output" + error;
    case ChildStep::directory:
      return "cannot change to /" + error;
    case ChildStep::user:
      return "cannot change the user" + error;
    case ChildStep::security:
      if (failure.flaw.kind == CommandFlawKind::link) {
        return "cannot write the file: " + describe(failure.flaw);
      }
      return "enable_script_security refuses " + (command.empty() ? "the file" : command) + ": " +
             describe(failure.flaw);
    case ChildStep::execute:
      break;
  }
  return "cannot execute " + command + ": " + describe(failure.script, failure.error);
}

std::string seconds_text(core::Duration duration) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << std::chrono::duration<double>(duration).count() << " s";
  return text.str();
}

}  // namespace

ChildProcess::ChildProcess(EventLoop& loop, ChildPlan plan, ChildHandlers handlers)
    : loop_(loop),
      handlers_(std::move(handlers)),
      timeout_(plan.timeout),
      kill_grace_(plan.kill_grace),
      timer_(loop, [this] { on_timer(); }) {
  if (!plan.input) {
    plan.input = open_null();
  }
  // What can throw comes before the fork.
  timer_.set(read_clocks().monotonic + timeout_);
  start(plan);
  watch_end();
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    end_now();
    // It is dead in no time, unless it is stuck in the kernel; then a zombie is left to the host.
    pollfd end{pid_fd_.get(), POLLIN, 0};
    poll(&end, 1, death_wait_ms);
    waitpid(pid_, nullptr, WNOHANG);
  }
}

void ChildProcess::start(const ChildPlan& plan) {
  Pipe output = make_pipe();
  Pipe report = make_pipe();
  ChildEntry entry;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  if (const Program* program = std::get_if<Program>(&plan.task)) {
    command_ = program->arguments.at(0);
    arguments = pointers_to(program->arguments);
    environment = pointers_to(program->environment);
    entry.arguments = arguments.data();
    entry.environment = environment.data();
    entry.root_writable_only = program->root_writable_only;
  } else {
    entry.function = &std::get<ChildFunction>(plan.task);
    if (plan.file) {
      entry.written_file = plan.file->path.c_str();
      entry.root_writable_only = plan.file->root_writable_only;
    }
  }
  entry.input = plan.input.get();
  entry.output = output.write_end.get();
  entry.report = report.write_end.get();
  entry.user = plan.user ? &*plan.user : nullptr;
  entry.parent = getpid();
  const std::vector<int> kept = loop_.inherited();
  entry.kept = kept;
  std::vector<int> needed = kept;
  needed.insert(needed.end(), {entry.input, entry.output, entry.report});
  std::sort(needed.begin(), needed.end());
  entry.needed = needed;
  output_ = std::move(output.read_end);
  report_ = std::move(report.read_end);
  output_watch_.emplace(loop_, output_.get(), EPOLLIN, [this](std::uint32_t) { drain(); });

  const SignalsBlocked blocked;
  pid_ = fork();
  if (pid_ == 0) {
    enter_child(entry);
  }
  if (pid_ < 0) {
    throw_errno(errno, "cannot fork");
  }
}

void ChildProcess::watch_end() {
  try {
    // By number, because glibc has had the wrapper since 2.36 only.
    pid_fd_.reset(static_cast<int>(syscall(__NR_pidfd_open, pid_, 0U)));
    if (!pid_fd_) {
      throw_errno(errno, "its end cannot be observed");
    }
    end_watch_.emplace(loop_, pid_fd_.get(), EPOLLIN, [this](std::uint32_t) { on_end(); });
  } catch (const std::exception& error) {
    // No descriptor is left, or the host ignores SIGCHLD and the child has ended already. It must
    // not run unwatched; its owner is called from the loop.
    end_now();
    watch_error_ = error.what();
    timer_.set(read_clocks().monotonic);
  }
}

void ChildProcess::on_timer() {
  if (!end_watch_) {
    on_end();
  } else if (!timed_out_) {
    timed_out_ = true;
    kill(pid_, has_keeper() ? keeper_terminate : SIGTERM);
    timer_.set(read_clocks().monotonic + kill_grace_);
  } else {
    end_now();
    handlers_.killing();
  }
}

void ChildProcess::on_end() {
  const ChildEnd end = reap();
  pid_ = -1;
  timer_.cancel();
  end_watch_.reset();
  if (output_watch_) {
    drain();
    output_watch_.reset();
  }
  // A copy, because it may destroy this object.
  const auto ended = handlers_.ended;
  ended(end);
}

void ChildProcess::drain() {
  std::array<char, read_size> buffer{};
  for (std::size_t total = 0; total < pipe_capacity;) {
    const ssize_t count = read(output_.get(), buffer.data(), buffer.size());
    if (count < 0) {
      return;
    }
    if (count == 0) {
      output_watch_.reset();
      return;
    }
    total += static_cast<std::size_t>(count);
    handlers_.output({buffer.data(), static_cast<std::size_t>(count)});
  }
}

void ChildProcess::end_now() const {
  kill(pid_, has_keeper() ? keeper_kill : SIGKILL);
}

ChildEnd ChildProcess::reap() {
  int status = 0;
  const bool reaped = waitpid(pid_, &status, WNOHANG) == pid_;
  if (!end_watch_) {
    return {ChildOutcome::unobservable, 0, watch_error_};
  }
  if (!reaped) {
    return {ChildOutcome::unobservable, 0, "its end was not reported: SIGCHLD is ignored"};
  }
  if (timed_out_) {
    return {ChildOutcome::timed_out, 0, "timed out after " + seconds_text(timeout_)};
  }
  ChildFailure failure;
  if (read(report_.get(), &failure, sizeof(failure)) == sizeof(failure)) {
    return {ChildOutcome::not_run, 0, failure_text(failure, command_)};
  }
  if (WIFSIGNALED(status)) {
    return {ChildOutcome::killed, 0, "killed by signal " + std::to_string(WTERMSIG(status))};
  }
  return {ChildOutcome::exited, WEXITSTATUS(status),
          "exit status " + std::to_string(WEXITSTATUS(status))};
}

}  // namespace batch_notifier::runtime
