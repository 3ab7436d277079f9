// SPDX-License-Identifier: MIT
#include "runtime/child_process.hpp"

#define BOOST_TEST_DYN_LINK
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <system_error>

#include <boost/test/unit_test.hpp>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/support/pid.hpp"
#include "tests/support/privilege.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::runtime {

namespace {

using tests::alive;
using tests::KillAtEnd;
using tests::read_pid;
using tests::wait_until;

struct Fixture {
  tests::TemporaryDirectory directory;
  EventLoop loop;
  std::string output;
  unsigned kills = 0;
  std::optional<ChildEnd> end;
  std::optional<ChildProcess> child;

  /// A shell with these commands, `$1` being the directory.
  [[nodiscard]] ChildPlan shell(const std::string& commands) const {
    ChildPlan plan;
    plan.task = Program{{"/bin/sh", "-c", commands, "sh", directory.path()}, {}};
    plan.timeout = tests::patience * 2;
    return plan;
  }

  void start(ChildPlan plan) {
    end.reset();
    child.emplace(
        loop, std::move(plan),
        ChildHandlers{[this](std::string_view bytes) { output += bytes; }, [this] { ++kills; },
                      [this](const ChildEnd& seen) {
                        BOOST_TEST(!end.has_value());
                        end = seen;
                      }});
    BOOST_TEST(!end.has_value());
  }

  template <typename Condition>
  bool dispatch_until(Condition condition) {
    return wait_until([&] {
      loop.dispatch();
      return condition();
    });
  }

  ChildEnd run(ChildPlan plan) {
    start(std::move(plan));
    BOOST_REQUIRE(dispatch_until([this] { return end.has_value(); }));
    child.reset();
    return *end;
  }
};

bool is(const ChildEnd& end, ChildOutcome outcome) {
  return end.outcome == outcome;
}

/// Changes a signal's disposition until it goes.
class Disposition {
 public:
  Disposition(int number, sighandler_t handler)
      : number_(number), before_(std::signal(number, handler)) {}
  Disposition(const Disposition&) = delete;
  Disposition& operator=(const Disposition&) = delete;
  ~Disposition() { std::signal(number_, before_); }

 private:
  int number_;
  sighandler_t before_;
};

/// Lowers the number of descriptors until it goes.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t count) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit lower{count, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &lower);
  }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;
  ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

BOOST_AUTO_TEST_SUITE(child_process)

BOOST_FIXTURE_TEST_CASE(a_function_runs_in_the_child, Fixture) {
  ChildPlan plan;
  const pid_t test = getpid();
  plan.task = [test] { return getpid() != test && getppid() == test ? 17 : 1; };
  const ChildEnd seen = run(std::move(plan));
  BOOST_TEST(is(seen, ChildOutcome::exited));
  BOOST_TEST(seen.status == 17);
}

BOOST_FIXTURE_TEST_CASE(output_arrives_while_it_runs_and_to_the_last_byte, Fixture) {
  tests::run({"mkfifo", directory.file("go")});
  start(shell("echo out; echo err >&2; read line < \"$1/go\"; printf last"));
  BOOST_TEST(dispatch_until([&] { return output == "out\nerr\n"; }));
  BOOST_TEST(!end.has_value());
  tests::write_file(directory.file("go"), "on\n");
  BOOST_TEST(dispatch_until([&] { return end.has_value(); }));
  BOOST_TEST(output == "out\nerr\nlast");
}

BOOST_FIXTURE_TEST_CASE(output_in_a_large_pipe_is_read_after_the_end, Fixture) {
  ChildPlan plan;
  const std::string text(100'000, 'x');
  plan.task = [&text] {
    const bool large = fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 131'072) >= 0;
    return large && write(STDOUT_FILENO, text.data(), text.size()) > 65'536 ? 0 : 1;
  };
  start(std::move(plan));
  // Output and end are both there when the loop first looks.
  siginfo_t ended{};
  BOOST_TEST(waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT) == 0);
  BOOST_TEST(dispatch_until([&] { return end.has_value(); }));
  BOOST_TEST(end->reason == "exit status 0");
  BOOST_TEST((output == text));
}

BOOST_FIXTURE_TEST_CASE(without_input_it_reads_end_of_file, Fixture) {
  const ChildEnd seen = run(shell("if read line; then exit 1; fi; exit 0"));
  BOOST_TEST(seen.reason == "exit status 0");
}

BOOST_FIXTURE_TEST_CASE(sigterm_ends_it_after_the_timeout, Fixture) {
  ChildPlan plan = shell("exec sleep 1000");
  plan.timeout = std::chrono::milliseconds(200);
  const ChildEnd seen = run(std::move(plan));
  BOOST_TEST(is(seen, ChildOutcome::timed_out));
  BOOST_TEST(seen.reason == "timed out after 0.2 s");
  BOOST_TEST(kills == 0U);
}

BOOST_FIXTURE_TEST_CASE(its_whole_group_is_killed_when_it_ignores_sigterm, Fixture) {
  const KillAtEnd grandchild(directory.file("grandchild"));
  ChildPlan plan =
      shell("trap '' TERM; sleep 1000 & echo $! > \"$1/grandchild\"; while :; do sleep 1000; done");
  plan.timeout = std::chrono::seconds(1);
  plan.kill_grace = std::chrono::milliseconds(50);
  const ChildEnd seen = run(std::move(plan));
  BOOST_TEST(is(seen, ChildOutcome::timed_out));
  BOOST_TEST(kills == 1U);
  const pid_t pid = read_pid(directory.file("grandchild"));
  BOOST_TEST(pid > 0);
  BOOST_TEST(wait_until([&] { return !alive(pid); }));
}

BOOST_FIXTURE_TEST_CASE(children_of_a_command_are_killed_after_its_timeout, Fixture) {
  const KillAtEnd grandchild(directory.file("grandchild"));
  ChildPlan plan =
      shell("(trap '' TERM; exec sleep 1000) & echo $! > \"$1/grandchild\"; exec sleep 1000");
  plan.timeout = std::chrono::seconds(1);
  const ChildEnd seen = run(std::move(plan));
  BOOST_TEST(is(seen, ChildOutcome::timed_out));
  BOOST_TEST(kills == 0U);
  const pid_t pid = read_pid(directory.file("grandchild"));
  BOOST_TEST(pid > 0);
  BOOST_TEST(wait_until([&] { return !alive(pid); }));
}

BOOST_FIXTURE_TEST_CASE(destroying_it_ends_its_group, Fixture) {
  const KillAtEnd leader(directory.file("leader"));
  const KillAtEnd grandchild(directory.file("grandchild"));
  start(
      shell("trap '' TERM; sleep 1000 & echo $! > \"$1/grandchild\"; echo $$ > \"$1/leader\"; "
            "wait"));
  BOOST_REQUIRE(dispatch_until([&] { return read_pid(directory.file("leader")) > 0; }));
  const pid_t pid = read_pid(directory.file("leader"));
  const pid_t other = read_pid(directory.file("grandchild"));
  child.reset();
  BOOST_TEST(wait_until([&] { return !alive(pid) && !alive(other); }));
  waitpid(pid, nullptr, 0);
  loop.dispatch();
  BOOST_TEST(!end.has_value());
}

BOOST_FIXTURE_TEST_CASE(an_exit_is_unobservable_where_the_host_ignores_sigchld, Fixture) {
  const Disposition ignored(SIGCHLD, SIG_IGN);
  const ChildEnd seen = run(shell("exit 0"));
  BOOST_TEST(is(seen, ChildOutcome::unobservable));
  BOOST_TEST(!seen.reason.empty());
}

/// Descriptors that the plugin's side needs at once, and the number that is enough for both.
constexpr rlim_t plugin_descriptors = 5;
constexpr rlim_t enough_descriptors = 16;

/// The limit at which so many descriptors can still be opened, wherever the open ones are.
rlim_t limit_with(rlim_t spare) {
  rlim_t limit = 0;
  for (rlim_t free = 0; free < spare; ++limit) {
    free += fcntl(static_cast<int>(limit), F_GETFD) < 0 ? 1 : 0;
  }
  return limit;
}

// The undefined behaviour sanitizer needs descriptors of its own to look at an exception.
BOOST_FIXTURE_TEST_CASE(lack_of_descriptors_is_thrown_before_the_fork, Fixture,
                        *boost::unit_test::precondition(tests::is_not_sanitized)) {
  for (rlim_t spare = 0; spare < plugin_descriptors; ++spare) {
    const DescriptorLimit limit(limit_with(spare));
    BOOST_CHECK_THROW(start(shell("exit 0")), std::system_error);
  }
}

BOOST_FIXTURE_TEST_CASE(a_child_needs_no_more_descriptors_than_its_host, Fixture) {
  std::set<ChildOutcome> outcomes;
  for (rlim_t spare = plugin_descriptors; spare < enough_descriptors; ++spare) {
    const DescriptorLimit limit(limit_with(spare));
    outcomes.insert(run(shell("exit 0")).outcome);
  }
  const std::set<ChildOutcome> expected = {ChildOutcome::exited};
  BOOST_TEST((outcomes == expected));
}

/// Whether a child has its input and output where this process has neither.
bool runs_without_standard_descriptors() {
  Fixture inside;
  // Now, so that the child's pipes get these numbers.
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    close(fd);
  }
  inside.start(inside.shell("cat; echo out; echo err >&2"));
  return inside.dispatch_until([&] { return inside.end.has_value(); }) &&
         inside.output == "out\nerr\n" && inside.end->reason == "exit status 0";
}

BOOST_AUTO_TEST_CASE(it_starts_where_the_host_has_no_standard_descriptors) {
  const pid_t host = fork();
  if (host == 0) {
    _exit(runs_without_standard_descriptors() ? 0 : 1);
  }
  int status = 0;
  BOOST_TEST(waitpid(host, &status, 0) == host);
  BOOST_TEST(status == 0);
}

/// Commands that leave a process behind which does all it can to escape: it has forked twice, leads
/// a session of its own, ignores SIGTERM and has an empty environment. `$1/grandchild` names it.
const char* const leave_grandchild =
    "(env -i setsid sh -c 'trap \"\" TERM HUP INT; echo $$ > $0/grandchild; exec sleep 1000' "
    "\"$1\" &)\n"
    "while ! test -s \"$1/grandchild\"; do sleep 0.01; done\n";

BOOST_FIXTURE_TEST_CASE(children_of_a_failed_command_are_killed_first, Fixture) {
  const KillAtEnd grandchild(directory.file("grandchild"));
  const ChildEnd seen = run(shell(std::string(leave_grandchild) + "exit 3"));
  BOOST_TEST(seen.reason == "exit status 3");
  BOOST_TEST(!alive(read_pid(directory.file("grandchild"))));
}

BOOST_FIXTURE_TEST_CASE(children_of_a_killed_command_are_killed_first, Fixture) {
  const KillAtEnd grandchild(directory.file("grandchild"));
  const ChildEnd seen = run(shell(std::string(leave_grandchild) + "kill -SEGV $$"));
  BOOST_TEST(is(seen, ChildOutcome::killed));
  BOOST_TEST(seen.reason == "killed by signal 11");
  BOOST_TEST(!alive(read_pid(directory.file("grandchild"))));
}

BOOST_FIXTURE_TEST_CASE(children_of_a_command_that_timed_out_are_killed_first, Fixture) {
  const KillAtEnd grandchild(directory.file("grandchild"));
  ChildPlan plan =
      shell("trap 'exit 0' TERM\n" + std::string(leave_grandchild) + "sleep 1000 & wait");
  plan.timeout = std::chrono::seconds(1);
  const ChildEnd seen = run(std::move(plan));
  BOOST_TEST(is(seen, ChildOutcome::timed_out));
  BOOST_TEST(!alive(read_pid(directory.file("grandchild"))));
}

BOOST_FIXTURE_TEST_CASE(children_of_a_command_go_on_after_a_success, Fixture) {
  const KillAtEnd grandchild(directory.file("grandchild"));
  const ChildEnd seen = run(shell(leave_grandchild));
  BOOST_TEST(seen.reason == "exit status 0");
  BOOST_TEST(alive(read_pid(directory.file("grandchild"))));
}

BOOST_FIXTURE_TEST_CASE(destroying_it_kills_what_has_escaped_its_group, Fixture) {
  const KillAtEnd grandchild(directory.file("grandchild"));
  start(shell(std::string(leave_grandchild) + "sleep 1000"));
  BOOST_REQUIRE(dispatch_until([&] { return read_pid(directory.file("grandchild")) > 0; }));
  child.reset();
  BOOST_TEST(wait_until([&] { return !alive(read_pid(directory.file("grandchild"))); }));
}

/// A process that starts `plan`, waits for "$1/leader" and dies without a word.
void start_and_die(Fixture& fixture, ChildPlan plan) {
  const pid_t host = fork();
  if (host == 0) {
    EventLoop loop;
    const ChildProcess child(loop, std::move(plan), {});
    const bool started = wait_until([&] { return read_pid(fixture.directory.file("leader")) > 0; });
    _exit(started ? 0 : 1);
  }
  int status = 0;
  BOOST_TEST(waitpid(host, &status, 0) == host);
  BOOST_TEST(status == 0);
}

BOOST_FIXTURE_TEST_CASE(it_ends_when_its_host_dies, Fixture) {
  const KillAtEnd leader(directory.file("leader"));
  start_and_die(*this, shell("echo $$ > \"$1/leader\"; exec sleep 1000"));
  const pid_t pid = read_pid(directory.file("leader"));
  BOOST_TEST(wait_until([&] { return !alive(pid); }));
}

BOOST_FIXTURE_TEST_CASE(it_ends_when_its_host_dies_also_as_another_user, Fixture,
                        *boost::unit_test::precondition(tests::is_root)) {
  tests::run({"chmod", "777", directory.path()});
  const KillAtEnd leader(directory.file("leader"));
  ChildPlan plan = shell("echo $$ > \"$1/leader\"; exec sleep 1000");
  plan.user = resolve_user({"nobody", ""});
  start_and_die(*this, std::move(plan));
  const pid_t pid = read_pid(directory.file("leader"));
  BOOST_TEST(wait_until([&] { return !alive(pid); }));
}

/// How often a host is killed: BATCH_NOTIFIER_KILLS, else a few times.
int kills_wanted() {
  const char* wanted = std::getenv("BATCH_NOTIFIER_KILLS");
  return wanted != nullptr ? std::stoi(wanted) : 25;
}

BOOST_FIXTURE_TEST_CASE(a_lock_that_children_keep_is_free_once_nothing_of_them_runs, Fixture) {
  const std::string lock_path = directory.file("lock");
  const std::string pid_path = directory.file("grandchild");
  int overlaps = 0;
  for (int round = 0; round < kills_wanted(); ++round) {
    const KillAtEnd grandchild(pid_path);
    tests::write_file(pid_path, "");
    const pid_t host = fork();
    if (host == 0) {
      EventLoop host_loop;
      const UniqueFd held(open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
      flock(held.get(), LOCK_EX);
      const InheritedFd inherited(host_loop, held.get());
      const ChildProcess started(host_loop, shell(std::string(leave_grandchild) + "sleep 1000"),
                                 {});
      for (;;) {
        pause();
      }
    }
    BOOST_REQUIRE(wait_until([&] { return read_pid(pid_path) > 0; }));
    kill(host, SIGKILL);
    const UniqueFd lock(open(lock_path.c_str(), O_RDWR | O_CLOEXEC));
    BOOST_REQUIRE(wait_until([&] { return flock(lock.get(), LOCK_EX | LOCK_NB) == 0; }));
    overlaps += alive(read_pid(pid_path)) ? 1 : 0;
    waitpid(host, nullptr, 0);
  }
  BOOST_TEST(overlaps == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

}  // namespace batch_notifier::runtime
