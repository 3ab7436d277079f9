// SPDX-License-Identifier: MIT
/// @file
/// Several workers without a directory, on real sockets; needs no privilege but for other users.
#define BOOST_TEST_DYN_LINK
#include "ledger/handover.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "ledger/journal_format.hpp"
#include "ledger/ledger_store.hpp"
#include "ledger/worker_socket.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/file_identity.hpp"
#include "runtime/sealed_input.hpp"
#include "runtime/unique_fd.hpp"
#include "tests/support/privilege.hpp"
#include "tests/support/process.hpp"
#include "tests/support/recording_log.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier;
using ledger::Handover;
using ledger::Legacy;
using ledger::TakeoverHandlers;

namespace {

/// A worker with a loop of its own, so that it can hang.
struct Heir {
  explicit Heir(const std::string& place)
      : handover(std::make_unique<Handover>(
            loop, log, place,
            TakeoverHandlers{[this] { ++acquired; }, [this] { ++requested; },
                             [this] { ++outlived; }},
            runtime::read_clocks().monotonic)) {
    handover->acquire(runtime::read_clocks().monotonic);
  }

  tests::RecordingLog log;
  runtime::EventLoop loop;
  int acquired = 0;
  int requested = 0;
  int outlived = 0;
  std::unique_ptr<Handover> handover;
};

struct HandoverStage {
  Heir& start() {
    workers.emplace_back(place);
    return workers.back();
  }

  bool until(const std::function<bool()>& condition) {
    return tests::wait_until([&] {
      for (Heir& worker : workers) {
        if (&worker != hung) {
          worker.loop.dispatch();
        }
      }
      return condition();
    });
  }

  Heir& start_working() {
    Heir& worker = start();
    BOOST_REQUIRE(until([&] { return worker.acquired == 1; }));
    return worker;
  }

  /// Starts a worker that waits for `older`.
  Heir& start_after(Heir& older) {
    Heir& worker = start();
    BOOST_REQUIRE(until([&] { return older.requested == 1; }));
    BOOST_TEST(worker.acquired == 0);
    return worker;
  }

  /// Unique, because the addresses are shared by all processes.
  tests::TemporaryDirectory temporary;
  std::string place = temporary.path();
  std::list<Heir> workers;
  Heir* hung = nullptr;
};

/// A process of another user that uses the addresses of this one: connects to the first, or
/// occupies all but the last.
class Stranger {
 public:
  Stranger(const std::string& place, bool occupies) {
    // The address has this user in it, so it is taken from a socket of this user.
    const runtime::UniqueFd last = ledger::listen_at(place, ledger::worker_slots - 1);
    BOOST_REQUIRE(last);
    sockaddr_un address{};
    socklen_t size = sizeof(address);
    BOOST_REQUIRE_EQUAL(getsockname(last.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    const std::string name(address.sun_path, size - offsetof(sockaddr_un, sun_path));
    const std::string stem = name.substr(0, name.rfind('/') + 1);
    std::array<int, 2> ready{};
    BOOST_REQUIRE_EQUAL(pipe2(ready.data(), O_CLOEXEC), 0);
    child_ = fork();
    if (child_ == 0) {
      close(last.get());
      const bool done = setresuid(nobody, nobody, nobody) == 0 &&
                        (occupies ? occupy(stem) : use(stem + "0", connect) >= 0);
      const char answer = done ? 'y' : 'n';
      if (write(ready[1], &answer, 1) == 1) {
        pause();
      }
      _exit(0);
    }
    char answer = 'n';
    BOOST_TEST(read(ready[0], &answer, 1) == 1);
    BOOST_TEST(answer == 'y');
    close(ready[0]);
    close(ready[1]);
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;
  ~Stranger() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }

 private:
  static constexpr uid_t nobody = 65534;

  static int use(const std::string& name, int (*call)(int, const sockaddr*, socklen_t)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), address.sun_path);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET, 0);
    return call(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0 ? socket : -1;
  }
  static bool occupy(const std::string& stem) {
    for (int slot = 0; slot < ledger::worker_slots - 1; ++slot) {
      if (const int socket = use(stem + std::to_string(slot), bind);
          socket < 0 || listen(socket, 1) != 0) {
        return false;
      }
    }
    return true;
  }

  pid_t child_ = -1;
};

runtime::UniqueFd open_fifo(const std::string& path, int flags) {
  mkfifo(path.c_str(), 0600);  // There is one already, or another file.
  runtime::UniqueFd fifo(open(path.c_str(), flags | O_CLOEXEC));
  BOOST_TEST_REQUIRE(static_cast<bool>(fifo));
  return fifo;
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

/// A message with these descriptors, however many.
void send_numbers(const runtime::UniqueFd& socket, const std::vector<int>& numbers) {
  const std::size_t size = numbers.size() * sizeof(int);
  std::string text = "text";
  iovec words{text.data(), text.size()};
  std::vector<cmsghdr> control(CMSG_SPACE(size) / sizeof(cmsghdr) + 1);
  msghdr header{};
  header.msg_iov = &words;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = CMSG_SPACE(size);
  cmsghdr* const part = CMSG_FIRSTHDR(&header);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(part), numbers.data(), size);
  BOOST_TEST(sendmsg(socket.get(), &header, 0) == static_cast<ssize_t>(text.size()));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(handover, HandoverStage)

BOOST_AUTO_TEST_CASE(a_worker_that_is_alone_begins_and_falls_silent) {
  Heir& worker = start_working();
  BOOST_TEST(!worker.handover->forced());
  BOOST_TEST(!worker.handover->is_awaited());
  BOOST_TEST(!worker.handover->take_legacy().has_value());
  pollfd ready{worker.loop.fd(), POLLIN, 0};
  BOOST_TEST(tests::wait_until([&] {
    worker.loop.dispatch();
    return poll(&ready, 1, 300) == 0;
  }));
  BOOST_TEST(worker.log.messages.empty());
}

BOOST_AUTO_TEST_CASE(the_older_worker_passes_on_and_the_newer_one_begins_when_it_has_ended) {
  Heir& older = start_working();
  Heir& newer = start_after(older);
  BOOST_TEST(older.handover->is_awaited());
  older.handover->pass_on({"first", "lines"});
  const std::string ledger(3'000'000, 'x');
  older.handover->pass_on({ledger, ""});
  older.handover.reset();
  BOOST_TEST(until([&] { return newer.acquired == 1; }));
  const std::optional<Legacy> legacy = newer.handover->take_legacy();
  BOOST_REQUIRE(legacy.has_value());
  BOOST_TEST((legacy->ledger == ledger));
  BOOST_TEST(legacy->journal.empty());
  BOOST_TEST(!newer.handover->forced());
  BOOST_TEST(newer.requested == 0);
}

BOOST_AUTO_TEST_CASE(
    what_was_passed_on_arrives_although_the_older_one_has_ended_with_a_message_unread) {
  Heir& older = start_working();
  Heir& newer = start_after(older);
  older.handover->pass_on({"ledger", "lines"});
  hung = &older;
  newer.handover->hold_until(runtime::read_clocks().monotonic);
  older.handover.reset();
  BOOST_TEST(until([&] { return newer.acquired == 1; }));
  BOOST_TEST(newer.handover->take_legacy().has_value());
}

BOOST_AUTO_TEST_CASE(the_fifo_comes_with_what_is_passed_on_last) {
  Heir& older = start_working();
  Heir& newer = start_after(older);
  const std::string path = temporary.file("fifo");
  older.handover->pass_fifo_on(open_fifo(path, O_RDONLY | O_NONBLOCK));
  older.handover->pass_on({"ledger", "lines"});
  older.handover.reset();
  BOOST_TEST(until([&] { return newer.acquired == 1; }));
  BOOST_TEST(newer.handover->take_legacy().has_value());
  const runtime::UniqueFd fifo = newer.handover->take_fifo();
  BOOST_TEST(runtime::is_in_place(fifo, path));
  BOOST_TEST(!newer.handover->take_fifo());
}

BOOST_AUTO_TEST_CASE(nothing_but_a_fifo_whose_reads_never_block_is_taken) {
  Heir& older = start_working();
  Heir& newer = start_after(older);
  const std::string path = temporary.file("fifo");
  const runtime::UniqueFd reader = open_fifo(path, O_RDONLY | O_NONBLOCK);
  tests::write_file(temporary.file("plain"), "");
  const std::array<std::pair<std::string, int>, 4> refused{
      {{path, O_WRONLY | O_NONBLOCK},
       {path, O_RDWR | O_NONBLOCK},
       {path, O_RDONLY},
       {temporary.file("plain"), O_RDONLY | O_NONBLOCK}}};
  const runtime::UniqueFd writer = open_fifo(path, O_WRONLY | O_NONBLOCK);
  for (const auto& [file, flags] : refused) {
    older.handover->pass_fifo_on(open_fifo(file, flags));
    older.handover->pass_on({"ledger " + std::to_string(flags), ""});
    std::optional<Legacy> legacy;
    BOOST_TEST(until([&] {
      legacy = newer.handover->take_legacy();
      return legacy.has_value();
    }));
    BOOST_TEST(!newer.handover->take_fifo(), file << " " << flags);
  }
}

BOOST_AUTO_TEST_CASE(files_beyond_the_most_of_one_message_are_closed) {
  std::array<int, 2> ends{};
  BOOST_TEST_REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const runtime::UniqueFd sender(ends[0]);
  const runtime::UniqueFd receiver(ends[1]);
  const std::ptrdiff_t before = open_descriptors();
  send_numbers(sender, std::vector<int>(20, sender.get()));
  {
    const ledger::Received received = ledger::receive_message(receiver);
    BOOST_TEST(received.message.files.size() == ledger::most_files);
  }
  BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(of_several_that_wait_each_begins_in_its_turn) {
  Heir& first = start_working();
  Heir& second = start_after(first);
  Heir& third = start();
  BOOST_TEST(until([&] { return third.log.messages.empty() && first.requested == 1; }));
  first.handover.reset();
  BOOST_TEST(until([&] { return second.acquired == 1 && second.requested == 1; }));
  BOOST_TEST(third.acquired == 0);
  BOOST_TEST(second.handover->is_awaited());
  second.handover.reset();
  BOOST_TEST(until([&] { return third.acquired == 1; }));
  BOOST_TEST(!third.handover->forced());
  BOOST_TEST(second.outlived == 0);
}

BOOST_AUTO_TEST_CASE(who_waits_for_one_that_waits_waits_for_its_time_too) {
  Heir& first = start_working();
  const core::MonotonicTime asked = runtime::read_clocks().monotonic;
  const core::Duration time = ledger::takeover_patience + std::chrono::milliseconds(500);
  Heir& second = start_after(first);
  first.handover->hold_until(asked + time);
  Heir& third = start();
  BOOST_TEST(until([&] { return runtime::read_clocks().monotonic > asked + time; }));
  BOOST_TEST(until([&] { return second.acquired == 1; }));
  BOOST_TEST(third.acquired == 0);
  BOOST_TEST(!third.handover->forced());
}

BOOST_AUTO_TEST_CASE(workers_that_begin_at_once_end_up_as_one) {
  for (int number = 0; number < 10; ++number) {
    start();
  }
  Heir& newest = workers.back();
  BOOST_TEST(until([&] {
    // As a worker does that is asked, or learns that a newer one works.
    for (Heir& worker : workers) {
      if (worker.requested + worker.outlived > 0) {
        worker.handover.reset();
      }
    }
    return newest.acquired == 1;
  }));
  BOOST_TEST(newest.outlived + newest.requested == 0);
  BOOST_TEST(until([&] {
    int rest = 0;
    for (const Heir& worker : workers) {
      rest += worker.handover && worker.outlived == 0 ? 1 : 0;
    }
    return rest == 1;
  }));
}

BOOST_AUTO_TEST_CASE(one_that_waits_and_dies_does_not_hold_up_the_next) {
  Heir& first = start_working();
  Heir& second = start_after(first);
  Heir& third = start();
  BOOST_TEST(until([&] { return first.handover->is_awaited(); }));
  third.handover.reset();
  first.handover.reset();
  BOOST_TEST(until([&] { return second.acquired == 1; }));
}

BOOST_AUTO_TEST_CASE(a_worker_that_hangs_is_left_behind_and_ends_when_it_wakes) {
  Heir& older = start_working();
  hung = &older;
  const core::MonotonicTime asked = runtime::read_clocks().monotonic;
  Heir& newer = start();
  BOOST_TEST(until([&] { return newer.acquired == 1; }));
  BOOST_TEST((runtime::read_clocks().monotonic - asked >= ledger::takeover_patience));
  BOOST_TEST(newer.handover->forced());
  BOOST_TEST(newer.log.count("did not finish in time") == 1U);
  hung = nullptr;
  BOOST_TEST(until([&] { return older.outlived == 1; }));
  BOOST_TEST(older.requested == 0);
}

BOOST_AUTO_TEST_CASE(a_worker_that_asks_for_time_gets_it) {
  Heir& older = start_working();
  const core::MonotonicTime asked = runtime::read_clocks().monotonic;
  const core::Duration time = ledger::takeover_patience + std::chrono::milliseconds(500);
  Heir& newer = start_after(older);
  older.handover->hold_until(asked + time);
  BOOST_TEST(until([&] { return newer.acquired == 1; }));
  BOOST_TEST((runtime::read_clocks().monotonic >= asked + time));
}

BOOST_AUTO_TEST_CASE(workers_of_other_places_do_not_see_each_other) {
  start_working();
  place += "/other";
  start_working();
  BOOST_TEST(workers.front().requested == 0);
}

BOOST_AUTO_TEST_CASE(files_that_are_not_sealed_are_not_read) {
  BOOST_TEST(ledger::read_sealed(runtime::make_sealed_input("text")).value_or("none") == "text");
  std::array<int, 2> ends{};
  BOOST_REQUIRE_EQUAL(pipe2(ends.data(), O_CLOEXEC), 0);
  const runtime::UniqueFd reading(ends[0]);
  const runtime::UniqueFd writing(ends[1]);
  BOOST_TEST(!ledger::read_sealed(reading).has_value());
  BOOST_TEST(!ledger::read_sealed(runtime::UniqueFd()).has_value());
}

BOOST_AUTO_TEST_CASE(a_connection_of_another_user_is_ignored,
                     *boost::unit_test::precondition(tests::is_root)) {
  Heir& older = start_working();
  const Stranger stranger(place, false);
  BOOST_TEST(until([&] { return older.log.count("another user's process") == 1; }));
  BOOST_TEST(older.requested == 0);
  start_after(older);
}

BOOST_AUTO_TEST_CASE(another_user_that_occupies_addresses_does_not_part_the_workers,
                     *boost::unit_test::precondition(tests::is_root)) {
  const Stranger stranger(place, true);
  Heir& older = start_working();
  BOOST_TEST(older.log.messages.empty());
  Heir& newer = start_after(older);
  BOOST_TEST(newer.log.count("are occupied") == 1U);
  older.handover.reset();
  BOOST_TEST(until([&] { return newer.acquired == 1; }));
  BOOST_TEST(!newer.handover->forced());
}

BOOST_AUTO_TEST_CASE(a_store_without_a_directory_passes_its_ledger_and_journal_on) {
  tests::RecordingLog log;
  runtime::EventLoop loop;
  bool requested = false;
  int acquired = 0;
  const auto turn = [&](const std::function<bool()>& condition) {
    return tests::wait_until([&] {
      loop.dispatch();
      return condition();
    });
  };
  std::optional<ledger::LedgerStore> older(std::in_place, loop, log);
  older->open(nullptr, place, {[&] { ++acquired; }, [&] { requested = true; }, {}},
              runtime::read_clocks().monotonic);
  BOOST_TEST(turn([&] { return acquired == 1; }));
  BOOST_TEST(!older->is_needed());
  older->append("one\ntw");
  older->commit(2);
  ledger::LedgerStore newer(loop, log);
  newer.open(nullptr, place, {[&] { ++acquired; }, {}, {}}, runtime::read_clocks().monotonic);
  BOOST_TEST(turn([&] { return requested; }));
  BOOST_TEST(older->is_needed());
  core::Ledger present;
  present.fifo = "passed on";
  older->save(present);
  older.reset();
  BOOST_TEST(turn([&] { return acquired == 2; }));
  BOOST_TEST(newer.read().fifo == "passed on");
  BOOST_TEST((newer.read_journal() == ledger::JournalContents{"tw", false}));
}

BOOST_AUTO_TEST_CASE(a_store_with_a_directory_takes_over_from_one_that_lost_its_own) {
  tests::RecordingLog log;
  runtime::EventLoop loop;
  const std::string directory = temporary.file("state");
  std::filesystem::create_directory(directory);
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all);
  bool requested = false;
  int acquired = 0;
  const auto turn = [&](const std::function<bool()>& condition) {
    return tests::wait_until([&] {
      loop.dispatch();
      return condition();
    });
  };
  std::optional<ledger::LedgerStore> older(std::in_place, loop, log);
  older->open(directory.c_str(), place, {[&] { ++acquired; }, [&] { requested = true; }, {}},
              runtime::read_clocks().monotonic);
  BOOST_TEST(turn([&] { return acquired == 1; }));
  std::filesystem::remove_all(directory);
  BOOST_TEST(turn([&] { return log.count("is gone") == 1; }));
  std::filesystem::create_directory(directory);
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all);
  ledger::LedgerStore newer(loop, log);
  newer.open(directory.c_str(), place, {[&] { ++acquired; }, {}, {}},
             runtime::read_clocks().monotonic);
  BOOST_TEST(turn([&] { return requested; }));
  BOOST_TEST(acquired == 1);
  core::Ledger present;
  present.fifo = "passed on";
  older->save(present);
  older.reset();
  BOOST_TEST(turn([&] { return acquired == 2; }));
  BOOST_TEST(newer.read().fifo == "passed on");
  newer.save(present);
  BOOST_TEST(std::filesystem::exists(directory + "/ledger"));
}

BOOST_AUTO_TEST_SUITE_END()
