// SPDX-License-Identifier: MIT
/// @file
/// One directory, several workers, real flock(2) and inotify(7); needs no privilege.
#define BOOST_TEST_DYN_LINK
#include "ledger/state_directory.hpp"

#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include "ledger/journal_file.hpp"
#include "ledger/takeover.hpp"
#include "runtime/event_loop.hpp"
#include "tests/support/privilege.hpp"
#include "tests/support/process.hpp"
#include "tests/support/recording_log.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier;
using ledger::JournalFile;
using ledger::StateDirectory;

namespace {

/// A worker that uses the directory.
struct Worker {
  Worker(runtime::EventLoop& loop, const std::string& path)
      : directory(std::make_unique<StateDirectory>(
            loop, log, path,
            StateDirectory::Handlers{[this] { ++acquired; }, [this] { ++requested; },
                                     [this] { ++outlived; }},
            runtime::read_clocks().monotonic)) {}

  void acquire() const { directory->acquire(runtime::read_clocks().monotonic); }
  void write(const std::string& text) const { directory->replace("ledger", text); }
  [[nodiscard]] std::string read() const { return directory->read("ledger").value_or("none"); }

  tests::RecordingLog log;
  int acquired = 0;
  int requested = 0;
  int outlived = 0;
  std::unique_ptr<StateDirectory> directory;
};

struct Stage {
  bool until(const std::function<bool()>& condition) {
    return tests::wait_until([&] {
      loop.dispatch();
      return condition();
    });
  }

  void take(Worker& worker) {
    worker.acquire();
    BOOST_REQUIRE(until([&] { return worker.acquired == 1; }));
  }

  /// One has it, and another one asks for it.
  void ask(Worker& holder, Worker& newer) {
    const int before = holder.requested;
    newer.acquire();
    BOOST_REQUIRE(until([&] { return holder.requested == before + 1; }));
  }

  tests::TemporaryDirectory temporary;
  runtime::EventLoop loop;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(state_directory)

BOOST_FIXTURE_TEST_CASE(a_free_directory_is_acquired_and_holds_files, Stage) {
  Worker worker(loop, temporary.path());
  BOOST_TEST(!worker.directory->held());
  BOOST_TEST(worker.read() == "none");
  take(worker);
  BOOST_TEST(worker.directory->held());
  worker.write("text");
  BOOST_TEST(worker.read() == "text");
  worker.directory->set_aside("ledger");
  BOOST_TEST(worker.read() == "none");
  BOOST_TEST(tests::read_file(temporary.file("ledger.corrupt")) == "text");
  BOOST_CHECK_THROW(worker.directory->set_aside("ledger"), std::system_error);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_cannot_be_replaced_stays_until_it_is_removed, Stage) {
  Worker worker(loop, temporary.path());
  take(worker);
  worker.write("old");
  BOOST_REQUIRE_EQUAL(mkdir(temporary.file("ledger.new").c_str(), 0700), 0);
  BOOST_CHECK_THROW(worker.write("new"), std::system_error);
  BOOST_TEST(worker.read() == "old");
  worker.directory->remove("ledger");
  BOOST_TEST(worker.read() == "none");
  worker.directory->remove("ledger");
}

BOOST_FIXTURE_TEST_CASE(a_journal_outlives_its_worker, Stage) {
  const auto bytes = [](const JournalFile& journal) {
    const auto contents = journal.read();
    return contents ? (contents->damaged ? "damaged: " : "") + contents->bytes : "none";
  };
  {
    Worker worker(loop, temporary.path());
    JournalFile journal(*worker.directory);
    BOOST_TEST(journal.replace("not held") == 0U);
    BOOST_TEST(bytes(journal) == "none");
    take(worker);
    BOOST_TEST(journal.replace("one\n") == 4U);
    BOOST_TEST(journal.append("two") == 7U);
    BOOST_TEST(journal.append("three") == 12U);
    BOOST_TEST(bytes(journal) == "one\ntwothree");
  }
  // As after a crash in the middle of an append.
  const std::string path = temporary.file("fifo-journal");
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  Worker worker(loop, temporary.path());
  JournalFile journal(*worker.directory);
  take(worker);
  BOOST_TEST(bytes(journal) == "one\ntwo");
  BOOST_TEST(!journal.is_open());
  BOOST_TEST(journal.replace("two") == 3U);
  BOOST_TEST(journal.append("four") == 7U);
  BOOST_TEST(bytes(journal) == "twofour");
  std::string text = tests::read_file(path);
  text.back() = static_cast<char>(text.back() ^ 1);
  tests::write_file(path, text);
  BOOST_TEST(bytes(journal) == "damaged: two");
  BOOST_TEST(journal.replace("") == 0U);
  BOOST_TEST(bytes(journal) == "none");
}

BOOST_FIXTURE_TEST_CASE(the_newer_worker_asks_and_the_older_one_finishes, Stage) {
  Worker older(loop, temporary.path());
  take(older);
  Worker newer(loop, temporary.path());
  ask(older, newer);
  BOOST_TEST(newer.acquired == 0);
  older.write("handed over");
  older.directory.reset();
  BOOST_TEST(until([&] { return newer.acquired == 1; }));
  BOOST_TEST(newer.read() == "handed over");
  // Its own asking is no reason to let go.
  loop.dispatch();
  BOOST_TEST(newer.requested == 0);
}

BOOST_FIXTURE_TEST_CASE(of_several_that_wait_only_the_newest_begins, Stage) {
  Worker first(loop, temporary.path());
  take(first);
  Worker second(loop, temporary.path());
  ask(first, second);
  Worker third(loop, temporary.path());
  ask(first, third);
  first.directory.reset();
  BOOST_TEST(until([&] { return third.acquired + second.acquired == 1; }));
  BOOST_TEST(third.acquired == 1);
  BOOST_TEST(until([&] { return second.outlived == 1; }));
}

BOOST_FIXTURE_TEST_CASE(one_that_waits_and_dies_does_not_hold_up_the_next, Stage) {
  Worker first(loop, temporary.path());
  take(first);
  Worker second(loop, temporary.path());
  ask(first, second);
  {
    Worker third(loop, temporary.path());
    ask(first, third);
  }
  first.directory.reset();
  BOOST_TEST(until([&] { return second.acquired == 1; }));
}

BOOST_FIXTURE_TEST_CASE(an_older_worker_ends_when_a_newer_one_is_at_work, Stage) {
  Worker older(loop, temporary.path());
  Worker newer(loop, temporary.path());
  take(newer);
  older.acquire();
  BOOST_TEST(until([&] { return older.outlived == 1; }));
  BOOST_TEST(newer.requested == 0);
  BOOST_TEST(newer.directory->held());
}

BOOST_FIXTURE_TEST_CASE(a_holder_that_hangs_is_left_behind_and_ends_when_it_wakes, Stage) {
  runtime::EventLoop hung;
  Worker older(hung, temporary.path());
  older.acquire();
  BOOST_TEST(tests::wait_until([&] {
    hung.dispatch();
    return older.acquired == 1;
  }));
  older.write("before");
  Worker newer(loop, temporary.path());
  take(newer);
  BOOST_TEST(newer.log.count("did not finish in time") == 1U);
  BOOST_TEST(!older.directory->held());
  newer.write("newer");
  older.write("older");
  BOOST_TEST(newer.read() == "newer");
  // Once it wakes up it learns that it is one too many.
  BOOST_TEST(tests::wait_until([&] {
    hung.dispatch();
    return older.outlived == 1;
  }));
}

BOOST_FIXTURE_TEST_CASE(a_holder_that_asks_for_time_gets_it, Stage) {
  runtime::EventLoop busy;
  Worker older(busy, temporary.path());
  older.acquire();
  BOOST_TEST(tests::wait_until([&] {
    busy.dispatch();
    return older.acquired == 1;
  }));
  const core::MonotonicTime asked = runtime::read_clocks().monotonic;
  const core::Duration time = ledger::takeover_patience + std::chrono::milliseconds(500);
  Worker newer(loop, temporary.path());
  newer.acquire();
  older.directory->hold_until(asked + time);
  BOOST_TEST(until([&] { return newer.acquired == 1; }));
  BOOST_TEST((runtime::read_clocks().monotonic >= asked + time));
  BOOST_TEST(newer.log.count("did not finish in time") == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_holder_with_a_damaged_note_is_waited_for_as_long_as_any_other, Stage) {
  runtime::EventLoop busy;
  Worker older(busy, temporary.path());
  older.acquire();
  BOOST_REQUIRE(tests::wait_until([&] {
    busy.dispatch();
    return older.acquired == 1;
  }));
  // Flipped: a start time and a time to wait until that are centuries away.
  std::string note = tests::read_file(temporary.file("lock"));
  note[note.find_first_of("123456789", 22)] ^= 1;
  tests::write_file(temporary.file("lock"), note);
  const core::MonotonicTime asked = runtime::read_clocks().monotonic;
  Worker newer(loop, temporary.path());
  take(newer);
  BOOST_TEST((runtime::read_clocks().monotonic - asked >= ledger::takeover_patience));
  BOOST_TEST(newer.log.count("did not finish in time") == 1U);
  BOOST_TEST(newer.outlived == 0);
}

BOOST_FIXTURE_TEST_CASE(a_lock_that_is_removed_is_made_again, Stage) {
  Worker worker(loop, temporary.path());
  take(worker);
  for (int times = 1; times <= 2; ++times) {
    BOOST_REQUIRE_EQUAL(unlink(temporary.file("lock").c_str()), 0);
    BOOST_TEST(until([&] { return worker.directory->held(); }));
  }
  BOOST_TEST(worker.log.count("made again") == 2U);
  worker.write("text");
  BOOST_TEST(worker.read() == "text");
  Worker newer(loop, temporary.path());
  ask(worker, newer);
  BOOST_TEST(worker.outlived == 0);
}

BOOST_FIXTURE_TEST_CASE(a_directory_that_is_removed_is_reported, Stage) {
  Worker worker(loop, temporary.path());
  take(worker);
  worker.write("text");
  std::filesystem::remove_all(temporary.path());
  BOOST_TEST(until([&] { return worker.log.count("is gone") == 1; }));
  BOOST_TEST(!worker.directory->held());
  worker.write("more");
  BOOST_TEST(worker.outlived == 0);
  BOOST_TEST(worker.log.messages.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_directory_that_others_can_write_is_refused, Stage) {
  BOOST_REQUIRE_EQUAL(chmod(temporary.path().c_str(), 0777), 0);
  BOOST_CHECK_THROW(Worker(loop, temporary.path()), std::runtime_error);
  BOOST_CHECK_THROW(Worker(loop, temporary.file("missing")), std::system_error);
}

BOOST_AUTO_TEST_CASE(a_directory_of_root_that_others_can_replace_is_refused,
                     *boost::unit_test::precondition(tests::is_root)) {
  Stage stage;
  const std::string parent = stage.temporary.file("parent");
  const std::string path = parent + "/state";
  BOOST_REQUIRE_EQUAL(mkdir(parent.c_str(), 0755), 0);
  BOOST_REQUIRE_EQUAL(mkdir(path.c_str(), 0700), 0);
  BOOST_CHECK_NO_THROW(Worker(stage.loop, path));
  const auto refused_by_name = [&](const std::runtime_error& error) {
    return std::string(error.what()).find(parent + " ") != std::string::npos;
  };
  BOOST_REQUIRE_EQUAL(chmod(parent.c_str(), 0777), 0);
  BOOST_CHECK_EXCEPTION(Worker(stage.loop, path), std::runtime_error, refused_by_name);
  BOOST_REQUIRE_EQUAL(chmod(parent.c_str(), 01777), 0);
  BOOST_CHECK_NO_THROW(Worker(stage.loop, path));
  BOOST_REQUIRE_EQUAL(chown(parent.c_str(), 65534, 0), 0);
  BOOST_CHECK_EXCEPTION(Worker(stage.loop, path), std::runtime_error, refused_by_name);
}

BOOST_FIXTURE_TEST_CASE(links_are_not_followed, Stage) {
  tests::write_file(temporary.file("elsewhere"), "");
  BOOST_REQUIRE_EQUAL(symlink(temporary.file("elsewhere").c_str(), temporary.file("lock").c_str()),
                      0);
  Worker worker(loop, temporary.path());
  worker.acquire();
  // Without the directory it goes on all the same, and says so.
  BOOST_TEST(until([&] { return worker.acquired == 1; }));
  BOOST_TEST(!worker.directory->held());
  BOOST_TEST(worker.log.count("is not used: ") == 1U);
  BOOST_TEST(tests::read_file(temporary.file("elsewhere")) == "");
}

BOOST_AUTO_TEST_SUITE_END()
