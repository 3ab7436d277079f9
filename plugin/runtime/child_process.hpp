// SPDX-License-Identifier: MIT
/// @file
/// One child, from fork to end, without a signal handler and without waiting: a guest may not touch
/// SIGCHLD, which is its host's, so the end is seen on a pidfd (Linux 5.3). What may hang, a
/// command or a disk, hangs in a child and not in the plugin.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <sys/types.h>

#include "core/time.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/unique_fd.hpp"
#include "runtime/user_identity.hpp"

namespace batch_notifier::runtime {

/// A program to execute, without a shell.
struct Program {
  std::vector<std::string> arguments;    ///< argv; the first is the program's absolute path.
  std::vector<std::string> environment;  ///< "NAME=value"; there is nothing else in it.
  /// Not to be run where anybody but root can change what is run; see command_security.hpp.
  bool root_writable_only = false;
};

/// What a child does instead of executing a program; gives its exit status. Runs in the fork of a
/// process that may have threads: must make async-signal-safe calls only.
using ChildFunction = std::function<int()>;

/// A file that a function writes.
struct WrittenFile {
  std::string path;  ///< Absolute.
  /// Not to be written where anybody but root can change or choose it; otherwise only not by way of
  /// a link that others could have placed. See command_security.hpp.
  bool root_writable_only = false;
};

/// What a child is to do, and how long it may take.
struct ChildPlan {
  std::variant<Program, ChildFunction> task;  ///< What it does.
  std::optional<WrittenFile> file;            ///< What a function writes.
  UniqueFd input;                             ///< Its standard input; none for /dev/null.
  std::optional<UserIdentity> user;           ///< Who it is; nothing for the plugin's own user.
  core::Duration timeout{10'000'000};         ///< After this its process group gets SIGTERM …
  core::Duration kill_grace{2'000'000};       ///< … and after this as well, all of it SIGKILL.
};

/// How a child ended.
enum class ChildOutcome {
  exited,        ///< By itself, with an exit status.
  killed,        ///< By a signal that was not ours.
  timed_out,     ///< It outlived its timeout.
  not_run,       ///< Before the program or function began.
  unobservable,  ///< Somehow: the host ignores SIGCHLD or reaps children that are not its own.
};

/// The end of a child.
struct ChildEnd {
  ChildOutcome outcome = ChildOutcome::exited;  ///< How it ended.
  int status = 0;                               ///< Exit status, where `exited`.
  std::string reason;  ///< For people, e.g. "exit status 3"; where `exited` with 0 as well.
};

/// Calls to the owner of a child, always from the event loop.
struct ChildHandlers {
  /// What it wrote to standard output or error, as it comes. Must not destroy the child.
  std::function<void(std::string_view bytes)> output;
  /// It ignored SIGTERM and has just been sent SIGKILL. Must not destroy the child.
  std::function<void()> killing;
  /// It has ended; called once, as the last. May destroy the child.
  std::function<void(const ChildEnd& end)> ended;
};

/// A running child. A program has a keeper above it (child_keeper.hpp): it has ended when the
/// program has and, unless that succeeded, when nothing that it started runs any more. After a
/// success what it left in the background may go on, and whatever that writes is lost.
///
/// A child that even SIGKILL does not end (it waits for a disk in the kernel) has not ended: a
/// second one for the same job would only wait beside it, and might overtake it.
class ChildProcess {
 public:
  /// Starts it. Throws std::system_error when it cannot be forked; everything later is an end.
  ChildProcess(EventLoop& loop, ChildPlan plan, ChildHandlers handlers);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  /// Has all processes of the child killed if it still runs, and waits 100 ms at most for that. Its
  /// own process may stay a zombie until its parent exits or reaps it.
  ~ChildProcess();

 private:
  void start(const ChildPlan& plan);
  void watch_end();
  void on_timer();
  void on_end();
  void drain();
  [[nodiscard]] bool has_keeper() const { return !command_.empty(); }
  void end_now() const;
  ChildEnd reap();

  EventLoop& loop_;
  ChildHandlers handlers_;
  std::string command_;  ///< Of a program, whose keeper `pid_` then is; empty for a function.
  core::Duration timeout_;
  core::Duration kill_grace_;
  pid_t pid_ = -1;  ///< -1 once it has ended.
  std::string watch_error_;
  bool timed_out_ = false;
  UniqueFd pid_fd_;
  UniqueFd output_;
  UniqueFd report_;
  Timer timer_;
  std::optional<FdWatch> output_watch_;
  std::optional<FdWatch> end_watch_;
};

}  // namespace batch_notifier::runtime
