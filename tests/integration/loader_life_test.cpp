// SPDX-License-Identifier: MIT
// Supervisor and worker: who is told what by which signal, who outlives whom, what is restarted.
#define BOOST_TEST_DYN_LINK
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/unique_fd.hpp"
#include "tests/support/loader.hpp"
#include "tests/support/process.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

namespace {

const std::string own_stop = "stop 4294967295\n";
const std::string hurried_stop = "stop 1000\n";

bool exited_with(const std::optional<int>& status, int expected) {
  return status && WIFEXITED(*status) && WEXITSTATUS(*status) == expected;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// What a trace holds after its line about the start.
std::string after_start(const std::string& trace) {
  return trace.substr(trace.find('\n') + 1);
}

// A fake plugin with `wait_for_fifo` may go.
void let_go(const std::string& fifo_path) {
  const runtime::UniqueFd fifo(open(fifo_path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  BOOST_REQUIRE(write(fifo.get(), "x", 1) == 1);
}

// Whether a process sleeps in poll(2) until something happens, however long that takes. Reads
// "number argument argument timeout …", all but the number in hexadecimal.
bool sleeps_for_ever(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/syscall");
  std::string number;
  std::string descriptors;
  std::string count;
  std::string timeout;
  file >> number >> descriptors >> count >> timeout;
#ifdef SYS_poll
  if (number == std::to_string(SYS_poll)) {
    return contains(timeout, "ffffffff");
  }
#endif
  return number == std::to_string(SYS_ppoll) && timeout == "0x0";
}

// One of the sets of signals in /proc/<pid>/status.
std::uint64_t signal_set(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  while (file >> word && word != name) {
  }
  std::uint64_t set = 0;
  file >> std::hex >> set;
  return set;
}

std::uint64_t set_of(std::initializer_list<int> signals) {
  std::uint64_t set = 0;
  for (const int number : signals) {
    set |= std::uint64_t{1} << (number - 1);
  }
  return set;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(loader_life, LoaderBench)

BOOST_AUTO_TEST_CASE(sigterm_and_sigint_stop_it_cleanly) {
  configure("normal");
  for (const int number : {SIGTERM, SIGINT}) {
    write_file(trace_path, "");
    Process& loader = start();
    BOOST_REQUIRE(wait_for_workers(1).size() == 1U);
    loader.signal(number);
    BOOST_TEST(exited_with(loader.wait(), 0));
    BOOST_TEST(after_start(trace()) == own_stop + "destroy\n");
  }
}

BOOST_AUTO_TEST_CASE(idle_both_processes_sleep_and_sighup_changes_nothing) {
  configure("normal");
  Process& loader = start();
  const std::vector<pid_t> workers = wait_for_workers(1);
  BOOST_REQUIRE(workers.size() == 1U);
  for (const pid_t pid : {loader.pid(), workers.front()}) {
    BOOST_TEST(wait_until([&] { return sleeps_for_ever(pid); }));
    kill(pid, SIGHUP);
  }
  loader.signal(SIGTERM);
  BOOST_TEST(exited_with(loader.wait(), 0));
  BOOST_TEST(after_start(trace()) == own_stop + "destroy\n");
}

BOOST_AUTO_TEST_CASE(the_worker_outlives_the_kill_of_the_process_group) {
  configure("wait_for_fifo");
  Process& loader = start();
  const std::vector<pid_t> workers = wait_for_workers(1);
  BOOST_REQUIRE(workers.size() == 1U);
  const pid_t worker = workers.front();
  BOOST_TEST(getpgid(loader.pid()) == loader.pid());
  BOOST_TEST(getpgid(worker) == worker);
  BOOST_TEST(getsid(worker) == worker);

  // What keepalived does to its script when it stops.
  kill(-loader.pid(), SIGTERM);
  BOOST_REQUIRE(wait_for_trace(own_stop));
  kill(-loader.pid(), SIGKILL);
  const std::optional<int> status = loader.wait();
  BOOST_TEST((status && WIFSIGNALED(*status)));
  BOOST_REQUIRE(adopt(worker));

  let_go(fifo_path);
  BOOST_TEST(exited_with(wait_for_orphan(worker), 0));
  BOOST_TEST(after_start(trace()) == own_stop + "destroy\n");
}

BOOST_AUTO_TEST_CASE(the_worker_works_on_when_its_supervisor_is_killed) {
  configure("wait_for_fifo");
  Process& loader = start();
  const std::vector<pid_t> workers = wait_for_workers(1);
  BOOST_REQUIRE(workers.size() == 1U);
  loader.signal(SIGKILL);
  BOOST_TEST(loader.wait().has_value());
  BOOST_REQUIRE(adopt(workers.front()));
  // Dispatched and gone on: the byte is taken, and it asks for the next.
  let_go(fifo_path);
  BOOST_TEST(wait_until([&] { return sleeps_for_ever(workers.front()); }));
  BOOST_TEST(after_start(trace()) == "");

  kill(workers.front(), SIGTERM);
  BOOST_REQUIRE(wait_for_trace(own_stop));
  let_go(fifo_path);
  BOOST_TEST(exited_with(wait_for_orphan(workers.front()), 0));
}

BOOST_AUTO_TEST_CASE(further_sigterms_do_not_hasten_a_stop) {
  configure("wait_for_fifo");
  Process& loader = start();
  const std::vector<pid_t> workers = wait_for_workers(1);
  BOOST_REQUIRE(workers.size() == 1U);
  loader.signal(SIGTERM);
  BOOST_REQUIRE(wait_for_trace(own_stop));
  for (const pid_t pid : {loader.pid(), workers.front()}) {
    kill(pid, SIGTERM);
  }
  let_go(fifo_path);
  BOOST_TEST(exited_with(loader.wait(), 0));
  BOOST_TEST(after_start(trace()) == own_stop + "destroy\n");
}

BOOST_AUTO_TEST_CASE(a_second_sigint_hastens_a_stop_and_a_third_forces_it) {
  configure("wait_for_fifo");
  Process& loader = start();
  BOOST_REQUIRE(wait_for_workers(1).size() == 1U);
  loader.signal(SIGINT);
  BOOST_REQUIRE(wait_for_trace(own_stop));
  loader.signal(SIGINT);
  BOOST_REQUIRE(wait_for_trace(hurried_stop));
  BOOST_TEST(loader.running());
  loader.signal(SIGINT);
  BOOST_TEST(exited_with(loader.wait(), 1));
  BOOST_TEST(after_start(trace()) == own_stop + hurried_stop);
  BOOST_TEST(contains(output(), " was killed"), output());
}

BOOST_AUTO_TEST_CASE(a_failing_worker_is_restarted_ever_later_until_it_works) {
  struct Case {
    std::string behaviour;
    std::string ending;
  };
  const std::vector<Case> cases = {
      {"crash_in_start", "was killed by signal 6"},
      {"crash_after 0", "was killed by signal 6"},
      {"crash_after 25", "was killed by signal 6"},
      {"fail_start " + std::to_string(ENOMEM), "ended with status 1"},
      {"fail_dispatch " + std::to_string(EIO), "ended with status 1"},
  };
  for (const Case& each : cases) {
    BOOST_TEST_CONTEXT(each.behaviour) {
      write_file(trace_path, "");
      write_file(output_path, "");
      configure(each.behaviour);
      Process& loader = start();
      BOOST_TEST(wait_until([this] { return contains(output(), "another one starts in 0.4 s"); }),
                 output());
      const std::size_t failed = wait_for_workers(3).size();
      BOOST_TEST(failed >= 3U);
      configure("normal");
      // The one that was starting just now may have read the old configuration still.
      BOOST_TEST(wait_until([this, &loader] {
                   const std::vector<pid_t> all = wait_for_workers(4);
                   return all.size() >= 4 && sleeps_for_ever(all.back()) &&
                          sleeps_for_ever(loader.pid());
                 }),
                 trace());
      const std::vector<pid_t> all = wait_for_workers(4);
      BOOST_TEST(std::set<pid_t>(all.begin(), all.end()).size() == all.size());
      loader.signal(SIGTERM);
      BOOST_TEST(exited_with(loader.wait(), 0));

      const std::string log = output();
      std::size_t position = 0;
      for (const std::string delay : {"0.1 s", "0.2 s", "0.4 s"}) {
        position = log.find(each.ending, position);
        BOOST_REQUIRE(position != std::string::npos);
        const std::string line = log.substr(position, log.find('\n', position) - position);
        BOOST_TEST(contains(line, ": another one starts in " + delay), line);
        position += line.size();
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_configuration_that_is_gone_later_is_tried_again) {
  configure("crash_in_start");
  Process& loader = start();
  BOOST_REQUIRE(wait_for_workers(1).size() == 1U);
  configure("fail_start " + std::to_string(ENOENT));
  BOOST_TEST(
      wait_until([this] { return contains(output(), "ended with status 4: another one starts"); }),
      output());
  const std::size_t before = wait_for_workers(2).size();
  configure("normal");
  BOOST_TEST(wait_for_workers(before + 1).size() > before);
  BOOST_TEST(wait_until([this] { return sleeps_for_ever(wait_for_workers(1).back()); }));
  loader.signal(SIGTERM);
  BOOST_TEST(exited_with(loader.wait(), 0));
}

BOOST_AUTO_TEST_CASE(between_two_tries_a_stop_brings_the_next_one_forward) {
  configure("crash_in_start");
  Process& loader = start();
  BOOST_TEST(wait_until([this] { return contains(output(), "another one starts in 5 s"); }),
             output());
  configure("normal");
  loader.signal(SIGTERM);
  BOOST_TEST(exited_with(loader.wait(), 0));
  BOOST_TEST(contains(trace(), own_stop + "destroy\n"), trace());
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_killed_while_it_stops_is_replaced) {
  configure("wait_for_fifo");
  Process& loader = start();
  const std::vector<pid_t> workers = wait_for_workers(1);
  BOOST_REQUIRE(workers.size() == 1U);
  loader.signal(SIGTERM);
  BOOST_REQUIRE(wait_for_trace(own_stop));
  configure("normal");
  kill(workers.front(), SIGKILL);
  BOOST_TEST(exited_with(loader.wait(), 0));
  BOOST_TEST(wait_for_workers(2).size() == 2U);
  BOOST_TEST(contains(trace(), own_stop + "destroy\n"), trace());
}

BOOST_AUTO_TEST_CASE(a_worker_that_cannot_even_stop_is_given_up) {
  configure("crash_in_start");
  Process& loader = start();
  BOOST_TEST(wait_until([this] { return contains(output(), "another one starts in 0.8 s"); }),
             output());
  loader.signal(SIGTERM);
  BOOST_TEST(exited_with(loader.wait(), 1));
}

BOOST_AUTO_TEST_CASE(a_worker_that_hangs_is_ended_and_another_one_continues) {
  configure("hang");
  const auto started = std::chrono::steady_clock::now();
  Process& loader = start();
  const std::vector<pid_t> workers = wait_for_workers(1);
  BOOST_REQUIRE(workers.size() == 1U);
  configure("normal");
  BOOST_TEST(wait_for_workers(2).size() == 2U);
  const auto taken = std::chrono::steady_clock::now() - started;
  BOOST_TEST((taken >= std::chrono::seconds(5)));
  BOOST_TEST((taken < std::chrono::seconds(9)));
  const std::string name = "worker " + std::to_string(workers.front());
  BOOST_TEST(contains(output(), name + " did not finish a turn of its loop within 5 s: it hangs "
                                       "and is killed; another one continues from the ledger\n"),
             output());
  BOOST_TEST(kill(workers.front(), 0) != 0);
  const pid_t next = wait_for_workers(2).back();
  BOOST_TEST(wait_until([&] { return sleeps_for_ever(next) && sleeps_for_ever(loader.pid()); }));
  loader.signal(SIGTERM);
  BOOST_TEST(exited_with(loader.wait(), 0));
}

BOOST_AUTO_TEST_CASE(a_worker_that_hangs_while_it_stops_is_replaced) {
  configure("hang_in_stop");
  Process& loader = start();
  BOOST_REQUIRE(wait_for_workers(1).size() == 1U);
  loader.signal(SIGTERM);
  BOOST_REQUIRE(wait_for_trace(own_stop));
  configure("normal");
  BOOST_TEST(exited_with(loader.wait(), 0), output());
  BOOST_TEST(wait_for_workers(2).size() == 2U);
  BOOST_TEST(contains(trace(), own_stop + "destroy\n"), trace());
}

BOOST_AUTO_TEST_CASE(a_worker_that_hangs_after_keepalived_has_gone_is_replaced) {
  configure("hang_in_stop");
  Process& loader = start();
  BOOST_REQUIRE(wait_for_workers(1).size() == 1U);
  // What keepalived does to its script when it stops.
  kill(-loader.pid(), SIGTERM);
  BOOST_REQUIRE(wait_for_trace(own_stop));
  configure("normal");
  kill(-loader.pid(), SIGKILL);
  BOOST_TEST(loader.wait().has_value());
  BOOST_TEST(wait_for_workers(2).size() == 2U, output());
  BOOST_TEST(wait_for_trace(own_stop + "destroy\n"), trace());
  BOOST_TEST(contains(output(), "did not finish a turn of its loop within 5 s"), output());
}

BOOST_AUTO_TEST_CASE(a_turn_that_takes_three_seconds_is_left_alone) {
  configure("nap 3");
  Process& loader = start();
  BOOST_REQUIRE(wait_for_workers(1).size() == 1U);
  BOOST_TEST(wait_for_trace("awake\n"));
  loader.signal(SIGTERM);
  BOOST_TEST(exited_with(loader.wait(), 0));
  BOOST_TEST(wait_for_workers(1).size() == 1U);
}

BOOST_AUTO_TEST_CASE(ignored_and_blocked_signals_of_the_parent_do_not_matter) {
  configure("crash_in_start");
  Process& loader = start({}, {"env", "--ignore-signal=CHLD", "--ignore-signal=INT",
                               "--block-signal=TERM", "--block-signal=USR1"});
  BOOST_TEST(wait_for_workers(2).size() >= 2U);
  configure("normal");
  BOOST_TEST(wait_until([this] { return sleeps_for_ever(wait_for_workers(3).back()); }), trace());
  const pid_t worker = wait_for_workers(3).back();
  BOOST_TEST(signal_set(worker, "SigBlk:") ==
             set_of({SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGXFSZ, SIGXCPU}));
  BOOST_TEST(signal_set(worker, "SigIgn:") == 0U);
  loader.signal(SIGTERM);
  BOOST_TEST(exited_with(loader.wait(), 0));
}

BOOST_AUTO_TEST_CASE(descriptors_that_the_parent_left_open_are_closed) {
  configure("normal");
  const std::string leaked = directory.file("leaked");
  Process& loader =
      start({}, {"bash", "-c", "exec 7>" + leaked + " 200>" + leaked + " <&- \"$@\"", "bash"});
  const std::vector<pid_t> workers = wait_for_workers(1);
  BOOST_REQUIRE(workers.size() == 1U);
  for (const pid_t pid : {loader.pid(), workers.front()}) {
    const std::string descriptors = "/proc/" + std::to_string(pid) + "/fd";
    for (const auto& entry : std::filesystem::directory_iterator(descriptors)) {
      BOOST_TEST(std::filesystem::read_symlink(entry.path()) != leaked);
    }
    BOOST_TEST(std::filesystem::read_symlink(descriptors + "/0") == "/dev/null");
  }
  loader.signal(SIGTERM);
  BOOST_TEST(exited_with(loader.wait(), 0));
}

BOOST_AUTO_TEST_CASE(a_full_console_does_not_hold_it_up) {
  configure("normal");
  const std::string console = directory.file("console");
  run({"mkfifo", console});
  const runtime::UniqueFd reader(open(console.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  const std::array<char, 1> filling{'x'};
  while (write(reader.get(), filling.data(), filling.size()) == 1) {
  }
  BOOST_REQUIRE(errno == EAGAIN);
  Process& loader = start({}, {"sh", "-c", "exec \"$@\" 2>" + console, "sh"});
  BOOST_REQUIRE(wait_for_workers(1).size() == 1U);
  loader.signal(SIGTERM);
  BOOST_TEST(exited_with(loader.wait(), 0));
  BOOST_TEST(after_start(trace()) == own_stop + "destroy\n");
}

BOOST_AUTO_TEST_CASE(a_console_that_is_gone_does_not_end_it) {
  configure("wait_for_fifo");
  const std::string console = directory.file("console");
  run({"mkfifo", console});
  runtime::UniqueFd reader(open(console.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  Process& loader = start({}, {"sh", "-c", "exec \"$@\" 2>" + console, "sh"});
  BOOST_REQUIRE(wait_for_workers(1).size() == 1U);
  reader.reset();
  loader.signal(SIGTERM);
  BOOST_REQUIRE(wait_for_trace(own_stop));
  let_go(fifo_path);
  // The supervisor logs how its worker ended, to nobody.
  BOOST_TEST(exited_with(loader.wait(), 0));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace batch_notifier::tests
