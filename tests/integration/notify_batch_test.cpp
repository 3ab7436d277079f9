// SPDX-License-Identifier: MIT
#include "notifiers/notifier_factory.hpp"

#define BOOST_TEST_DYN_LINK
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/mount.h>
#include <sys/wait.h>

#include "notifiers/batch_json.hpp"
#include "runtime/unique_fd.hpp"
#include "tests/support/delivery.hpp"
#include "tests/support/pid.hpp"
#include "tests/support/privilege.hpp"

namespace batch_notifier::notifiers {

namespace {

using core::DeliveryStatus;
using tests::alive;
using tests::KillAtEnd;
using tests::read_file;
using tests::read_pid;
using Lines = std::vector<std::string>;

struct Fixture : tests::DeliveryFixture {
  static core::NotifierSettings command(std::vector<std::string> target) {
    return settings("notify_batch", std::move(target));
  }

  core::DeliveryResult run_script(const std::string& commands) {
    return deliver(command({script("script", commands), directory.path()}));
  }
};

bool is(const core::DeliveryResult& result, DeliveryStatus status) {
  return result.status == status;
}

BOOST_AUTO_TEST_SUITE(notify_batch)

BOOST_FIXTURE_TEST_CASE(the_batch_is_on_standard_input, Fixture) {
  const core::DeliveryResult result = run_script("cat > \"$1/input\"");
  BOOST_TEST(is(result, DeliveryStatus::delivered));
  BOOST_TEST(result.reason.empty());
  BOOST_TEST(read_file(directory.file("input")) == to_json(batch()) + "\n");
  BOOST_TEST(log.messages.empty());
}

BOOST_FIXTURE_TEST_CASE(the_batch_cannot_be_changed_by_the_command, Fixture) {
  const core::DeliveryResult result = run_script(
      "if (echo more >> /proc/self/fd/0) 2> /dev/null; then exit 1; fi; cat > \"$1/in\"");
  BOOST_TEST(is(result, DeliveryStatus::delivered));
  BOOST_TEST(read_file(directory.file("in")) == to_json(batch()) + "\n");
}

BOOST_FIXTURE_TEST_CASE(arguments_are_passed_without_a_shell, Fixture) {
  const std::string script_path = script("print", "printf '<%s>' \"$@\"; echo");
  const core::DeliveryResult result = deliver(command({script_path, "a b", "", "$HOME;*", "\"q'"}));
  BOOST_TEST(is(result, DeliveryStatus::delivered));
  BOOST_TEST(log.messages == Lines{"notify_batch:1: <a b><><$HOME;*><\"q'>"},
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(surroundings_are_the_promised_ones, Fixture) {
  struct Case {
    std::vector<std::string> command;
    Lines output;
  };
  const std::vector<Case> cases = {
      {{"/usr/bin/env"},
       {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C",
        "KEEPALIVED_BATCH_ID=E-N-42", "KEEPALIVED_BATCH_SEQUENCE=42",
        "KEEPALIVED_BATCH_NOTIFIER=N"}},
      // 3 is the directory itself.
      {{"/bin/ls", "/proc/self/fd"}, {"0", "1", "2", "3"}},
      {{"/bin/pwd"}, {"/"}},
      {{"/bin/grep", "^Sig[BI]", "/proc/self/status"},
       {"SigBlk: 0000000000000000", "SigIgn: 0000000000000000"}},
  };
  const runtime::UniqueFd inherited(open("/dev/null", O_RDONLY));
  const auto sigusr1 = std::signal(SIGUSR1, SIG_IGN);
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR2);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  for (const Case& expected : cases) {
    BOOST_TEST_CONTEXT(expected.command.at(0)) {
      log.messages.clear();
      BOOST_TEST(is(deliver(command(expected.command)), DeliveryStatus::delivered));
      Lines lines;
      for (const std::string& line : expected.output) {
        lines.push_back("notify_batch:1: " + line);
      }
      BOOST_TEST(log.messages == lines, boost::test_tools::per_element());
    }
  }
  sigset_t after;
  sigprocmask(SIG_SETMASK, &before, &after);
  std::signal(SIGUSR1, sigusr1);
  BOOST_TEST(sigismember(&after, SIGUSR2) == 1);
  BOOST_TEST(sigismember(&after, SIGTERM) == 0);
}

BOOST_FIXTURE_TEST_CASE(it_leads_a_session_and_a_group, Fixture) {
  run_script(
      "read pid name state parent group session rest < /proc/self/stat\n"
      "echo $pid $group $session > \"$1/ids\"");
  std::istringstream ids(read_file(directory.file("ids")));
  pid_t reader = 0;
  pid_t group = 0;
  pid_t session = 0;
  ids >> reader >> group >> session;
  BOOST_TEST(reader > 0);
  BOOST_TEST(group == reader);
  BOOST_TEST(session == reader);
}

BOOST_FIXTURE_TEST_CASE(the_exit_status_decides, Fixture) {
  struct Case {
    std::string commands;
    DeliveryStatus status;
    std::string reason;
  };
  const std::vector<Case> cases = {
      {"exit 0", DeliveryStatus::delivered, ""},
      {"exit 3", DeliveryStatus::failed, "exit status 3"},
      {"exit 255", DeliveryStatus::failed, "exit status 255"},
      {"kill -9 $$", DeliveryStatus::failed, "killed by signal 9"},
      {"exec /nonexistent", DeliveryStatus::failed, "exit status 127"},
  };
  for (const Case& expected : cases) {
    const core::DeliveryResult result = run_script(expected.commands);
    BOOST_TEST_CONTEXT(expected.commands) {
      BOOST_TEST(is(result, expected.status));
      BOOST_TEST(result.reason == expected.reason);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(a_command_that_cannot_be_executed_has_seen_nothing, Fixture) {
  struct Case {
    std::string path;
    std::string error;
  };
  tests::write_file(directory.file("plain"), "#!/bin/sh\n");
  tests::write_file(directory.file("headless"), "exit 0\n");
  tests::write_file(directory.file("dos"), "#!/bin/sh\r\nexit 0\r\n");
  tests::write_file(directory.file("lost"), "#! /opt/no/such-shell -e\nexit 0\n");
  tests::write_file(directory.file("locked"), "#!" + directory.file("plain") + "\n");
  tests::run({"chmod", "755", directory.file("headless"), directory.file("dos"),
              directory.file("lost"), directory.file("locked")});
  const std::vector<Case> cases = {
      {directory.file("none"), "No such file or directory"},
      {directory.file("plain"), "Permission denied"},
      {directory.path(), "Permission denied"},
      {directory.file("headless"),
       "it is no program for this machine and has no #! line: Exec format error"},
      {directory.file("dos"),
       "its first line ends with a carriage return, as on DOS: remove the carriage returns from "
       "the "
       "file"},
      {directory.file("lost"),
       "the interpreter /opt/no/such-shell in its first line: No such file or directory"},
      {directory.file("locked"),
       "the interpreter " + directory.file("plain") + " in its first line: Permission denied"},
      {script("orphan", "") + "/x", "Not a directory"},
  };
  for (const Case& expected : cases) {
    const core::DeliveryResult result = deliver(command({expected.path}));
    BOOST_TEST(is(result, DeliveryStatus::unseen));
    BOOST_TEST(result.reason == "cannot execute " + expected.path + ": " + expected.error);
  }
}

BOOST_FIXTURE_TEST_CASE(a_slow_command_is_waited_for, Fixture) {
  tests::run({"mkfifo", directory.file("go")});
  const auto notifier = make_notifier(
      loop, log, command({script("slow", "read line < \"$1/go\"; echo $line"), directory.path()}));
  std::optional<core::DeliveryResult> answer;
  notifier->deliver(batch(), [&](const core::DeliveryResult& result) { answer = result; });
  tests::write_file(directory.file("go"), "went\n");
  BOOST_TEST(dispatch_until([&] { return answer.has_value(); }));
  BOOST_TEST(log.messages == Lines{"notify_batch:1: went"}, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_command_that_hangs_is_killed, Fixture) {
  core::NotifierSettings hanging =
      command({script("hang", "trap '' TERM; while :; do sleep 1000; done")});
  hanging.timeout = std::chrono::seconds(1);
  const core::DeliveryResult result = deliver(hanging);
  BOOST_TEST(is(result, DeliveryStatus::failed));
  BOOST_TEST(result.reason == "timed out after 1 s");
  BOOST_TEST(
      log.messages ==
          Lines{"notify_batch:1: did not end within 2 s of SIGTERM: all its processes are killed"},
      boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_flood_of_output_is_cut, Fixture) {
  const core::DeliveryResult result = run_script(
      "head -c 5000 /dev/zero | tr '\\0' x; echo; yes 123456789 | head -n 100000; printf end");
  BOOST_TEST(is(result, DeliveryStatus::delivered));
  BOOST_REQUIRE(log.messages.size() == 65U);
  BOOST_TEST(log.messages.at(0) == "notify_batch:1: " + std::string(4096, 'x'));
  BOOST_TEST(log.messages.at(63) == "notify_batch:1: 123456789");
  const std::size_t bytes = 5000 - 4096 + (100'000 - 63) * 9 + 3;
  BOOST_TEST(log.messages.at(64) == "notify_batch:1: output cut: " + std::to_string(bytes) +
                                        " bytes of 99939 lines left out");
  BOOST_TEST(std::all_of(log.severities.begin(), log.severities.end(),
                         [](auto severity) { return severity == runtime::Severity::info; }));
}

BOOST_FIXTURE_TEST_CASE(output_cannot_control_a_terminal, Fixture) {
  run_script("printf 'a\\033[2Jb\\r\\tc\\377\\n' >&2");
  BOOST_TEST(log.messages == Lines{"notify_batch:1: a?[2Jb? c?"}, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(background_processes_of_a_command_are_not_waited_for, Fixture) {
  const KillAtEnd background(directory.file("background"));
  const core::DeliveryResult result =
      run_script("sleep 1000 & echo $! > \"$1/background\"; echo done");
  BOOST_TEST(is(result, DeliveryStatus::delivered));
  BOOST_TEST(log.messages == Lines{"notify_batch:1: done"}, boost::test_tools::per_element());
  BOOST_TEST(alive(read_pid(directory.file("background"))));
}

BOOST_FIXTURE_TEST_CASE(a_megabyte_need_not_be_read_but_can_be, Fixture) {
  core::Batch large = batch();
  large.changes.resize(4000, large.changes.front());
  const std::string json = to_json(large) + "\n";
  BOOST_TEST(json.size() > 1'000'000U);
  BOOST_TEST(is(deliver(command({"/bin/true"}), large), DeliveryStatus::delivered));
  deliver(command({"/bin/cp", "/dev/stdin", directory.file("copy")}), large);
  BOOST_TEST((read_file(directory.file("copy")) == json));
}

BOOST_FIXTURE_TEST_CASE(the_answer_may_start_the_next_delivery, Fixture) {
  const auto notifier =
      make_notifier(loop, log, command({script("count", "echo $KEEPALIVED_BATCH_SEQUENCE")}));
  core::Batch next = batch();
  unsigned answers = 0;
  const Notifier::Done done = [&](const core::DeliveryResult&) {
    if (++answers < 3) {
      ++next.sequence;
      notifier->deliver(next, done);
    }
  };
  notifier->deliver(next, done);
  BOOST_TEST(dispatch_until([&] { return answers == 3; }));
  const Lines lines = {"notify_batch:1: 42", "notify_batch:1: 43", "notify_batch:1: 44"};
  BOOST_TEST(log.messages == lines, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(destroying_it_ends_the_command_without_an_answer, Fixture) {
  const KillAtEnd leader(directory.file("leader"));
  auto notifier = make_notifier(
      loop, log,
      command({script("hang", "echo $$ > \"$1/leader\"; exec sleep 1000"), directory.path()}));
  unsigned answers = 0;
  notifier->deliver(batch(), [&](const core::DeliveryResult&) { ++answers; });
  BOOST_REQUIRE(dispatch_until([&] { return read_pid(directory.file("leader")) > 0; }));
  const pid_t pid = read_pid(directory.file("leader"));
  notifier.reset();
  BOOST_TEST(tests::wait_until([&] { return !alive(pid); }));
  waitpid(pid, nullptr, 0);
  loop.dispatch();
  BOOST_TEST(answers == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_notifier_that_cannot_be_made_is_reported_with_its_line, Fixture) {
  struct Case {
    core::NotifierSettings settings;
    std::string message;
  };
  std::vector<Case> cases = {
      {command({"/bin/true"}), "unknown user no-such-user"},
      {command({"/bin/true"}), "unknown group no-such-group"},
      {command({"/bin/true"}), "unknown user 4294967295"},
      {command({"/bin/true"}), "user 4200042 has no account, so a group must be given"},
      {settings("notify_neutron", {"/run/x"}), "notify_neutron is not available in this version"},
  };
  cases.at(0).settings.user = core::UserName{"no-such-user", ""};
  cases.at(1).settings.user = core::UserName{"nobody", "no-such-group"};
  cases.at(2).settings.user = core::UserName{"4294967295", "0"};
  cases.at(3).settings.user = core::UserName{"4200042", ""};
  for (const Case& expected : cases) {
    BOOST_CHECK_EXCEPTION(make_notifier(loop, log, expected.settings), std::runtime_error,
                          [&](const std::runtime_error& error) {
                            return error.what() ==
                                   "/etc/keepalived/keepalived.conf:7: " + expected.message;
                          });
  }
}

/// Supplementary groups of the test's own, until it goes: none of them may reach a command.
class OwnGroups {
 public:
  OwnGroups() : before_(64) {
    before_.resize(static_cast<std::size_t>(getgroups(64, before_.data())));
    const std::vector<gid_t> groups = {0, 4243};
    BOOST_REQUIRE(setgroups(groups.size(), groups.data()) == 0);
  }
  OwnGroups(const OwnGroups&) = delete;
  OwnGroups& operator=(const OwnGroups&) = delete;
  ~OwnGroups() { setgroups(before_.size(), before_.data()); }

 private:
  std::vector<gid_t> before_;
};

/// Another /etc/group, for this process and until it goes.
class GroupFile {
 public:
  explicit GroupFile(const std::string& path)
      : before_(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)),
        directory_(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    BOOST_REQUIRE(unshare(CLONE_NEWNS) == 0);
    BOOST_REQUIRE(mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0);
    BOOST_REQUIRE(mount(path.c_str(), "/etc/group", "", MS_BIND, nullptr) == 0);
  }
  GroupFile(const GroupFile&) = delete;
  GroupFile& operator=(const GroupFile&) = delete;
  ~GroupFile() {
    // Entering a mount namespace also leads to its root directory.
    if (setns(before_.get(), CLONE_NEWNS) != 0 || fchdir(directory_.get()) != 0) {
      std::abort();
    }
  }

 private:
  runtime::UniqueFd before_;
  runtime::UniqueFd directory_;
};

BOOST_FIXTURE_TEST_CASE(it_runs_as_the_user_with_that_users_groups, Fixture,
                        *boost::unit_test::precondition(tests::is_root)) {
  struct Case {
    core::UserName user;
    std::string ids;
  };
  const std::vector<Case> cases = {
      {{"nobody", ""}, "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup),4242(extra)"},
      {{"65534", ""}, "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup),4242(extra)"},
      {{"nobody", "other"}, "uid=65534(nobody) gid=4244(other) groups=4244(other),4242(extra)"},
      {{"4200042", "4244"}, "uid=4200042 gid=4244(other) groups=4244(other)"},
  };
  tests::write_file(directory.file("group"),
                    "root:x:0:\nnogroup:x:65534:\nextra:x:4242:nobody\nother:x:4244:\n");
  tests::run({"chmod", "644", directory.file("group")});
  const GroupFile group_file(directory.file("group"));
  const OwnGroups own_groups;
  for (const Case& expected : cases) {
    log.messages.clear();
    core::NotifierSettings as_user = command({"/usr/bin/id"});
    as_user.user = expected.user;
    BOOST_TEST(is(deliver(as_user), DeliveryStatus::delivered));
    BOOST_TEST(log.messages == Lines{"notify_batch:1: " + expected.ids},
               boost::test_tools::per_element());
  }
}

BOOST_FIXTURE_TEST_CASE(another_user_can_open_standard_input_again, Fixture,
                        *boost::unit_test::precondition(tests::is_root)) {
  core::NotifierSettings as_user = command({"/bin/cat", "/dev/stdin"});
  as_user.user = core::UserName{"nobody", ""};
  BOOST_TEST(is(deliver(as_user), DeliveryStatus::delivered));
  BOOST_TEST(log.messages == Lines{"notify_batch:1: " + to_json(batch())},
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(another_user_cannot_gain_privileges, Fixture,
                        *boost::unit_test::precondition(tests::is_root)) {
  const std::vector<std::string> arguments = {"/bin/grep", "-E",
                                              "^(NoNewPrivs|Cap...):", "/proc/self/status"};
  core::NotifierSettings as_user = command(arguments);
  as_user.user = core::UserName{"nobody", ""};
  BOOST_TEST(is(deliver(as_user), DeliveryStatus::delivered));
  Lines expected;
  for (const std::string name : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    expected.push_back("notify_batch:1: " + name + ": 0000000000000000");
  }
  expected.push_back("notify_batch:1: NoNewPrivs: 1");
  BOOST_TEST(log.messages == expected, boost::test_tools::per_element());

  log.messages.clear();
  core::NotifierSettings as_itself = command(arguments);
  as_itself.user = core::UserName{"root", ""};
  BOOST_TEST(is(deliver(as_itself), DeliveryStatus::delivered));
  BOOST_TEST(log.messages.back() == "notify_batch:1: NoNewPrivs: 0");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

}  // namespace batch_notifier::notifiers
