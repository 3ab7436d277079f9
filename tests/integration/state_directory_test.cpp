// SPDX-License-Identifier: MIT
/// @file
/// One directory, several workers, real flock(2) and inotify(7); needs no privilege.
#define BOOST_TEST_DYN_LINK
#include "runtime/state_directory.hpp"

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

#include "runtime/event_loop.hpp"
#include "tests/support/process.hpp"
#include "tests/support/recording_log.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier;
using runtime::StateDirectory;

namespace {

/// What a worker is to the directory.
struct Worker {
  Worker(runtime::EventLoop& loop, const std::string& path)
      : directory(std::make_unique<StateDirectory>(
            loop, log, path,
            StateDirectory::Handlers{[this] { ++acquired; }, [this] { ++requested; },
                                     [this] { ++outlived; }})) {}

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
    worker.directory->acquire();
    BOOST_REQUIRE(until([&] { return worker.acquired == 1; }));
  }

  /// One has it, and another one asks for it.
  void ask(Worker& holder, Worker& newer) {
    const int before = holder.requested;
    newer.directory->acquire();
    BOOST_REQUIRE(until([&] { return holder.requested == before + 1; }));
  }

  tests::TemporaryDirectory temporary;
  runtime::EventLoop loop;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(state_directory)

BOOST_FIXTURE_TEST_CASE(a_free_directory_is_had_and_keeps_what_is_written, Stage) {
  Worker worker(loop, temporary.path());
  BOOST_TEST(!worker.directory->held());
  worker.directory->write("too early");
  BOOST_TEST(!worker.directory->read().has_value());
  take(worker);
  BOOST_TEST(worker.directory->held());
  worker.directory->write("text");
  BOOST_TEST(worker.directory->read().value_or("") == "text");
  worker.directory->set_aside();
  BOOST_TEST(!worker.directory->read().has_value());
  BOOST_TEST(tests::read_file(temporary.file("ledger.corrupt")) == "text");
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_kept_up_to_date_can_be_withdrawn, Stage) {
  Worker worker(loop, temporary.path());
  take(worker);
  worker.directory->write("old");
  BOOST_REQUIRE_EQUAL(mkdir(temporary.file("ledger.new").c_str(), 0700), 0);
  BOOST_CHECK_THROW(worker.directory->write("new"), std::system_error);
  BOOST_TEST(worker.directory->read().value_or("") == "old");
  worker.directory->discard();
  BOOST_TEST(!worker.directory->read().has_value());
}

BOOST_FIXTURE_TEST_CASE(what_is_kept_outlives_a_worker, Stage) {
  {
    Worker worker(loop, temporary.path());
    BOOST_TEST(worker.directory->keep("too early") == 0U);
    take(worker);
    BOOST_TEST(worker.directory->kept() == "");
    BOOST_TEST(worker.directory->keep("one\n") == 4U);
    BOOST_TEST(worker.directory->keep("two") == 7U);
  }
  // As after a crash.
  Worker worker(loop, temporary.path());
  take(worker);
  worker.directory->write("ledger");
  BOOST_TEST(worker.directory->kept() == "one\ntwo");
  worker.directory->keep_only("two");
  BOOST_TEST(worker.directory->kept() == "two");
  BOOST_TEST(worker.directory->keep("three") == 8U);
  BOOST_TEST(worker.directory->kept() == "twothree");
  worker.directory->keep_only("");
  BOOST_TEST(worker.directory->kept() == "");
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_kept_is_not_kept_in_part, Stage) {
  Worker worker(loop, temporary.path());
  take(worker);
  worker.directory->write("ledger");
  BOOST_REQUIRE_EQUAL(mkdir(temporary.file("kept").c_str(), 0700), 0);
  BOOST_CHECK_THROW(worker.directory->keep("one"), std::system_error);
  BOOST_CHECK_THROW(worker.directory->keep_only(""), std::system_error);
  BOOST_CHECK_THROW(static_cast<void>(worker.directory->kept()), std::runtime_error);
  worker.directory->discard();
  BOOST_TEST(!worker.directory->read().has_value());
  BOOST_REQUIRE_EQUAL(rmdir(temporary.file("kept").c_str()), 0);
  BOOST_TEST(worker.directory->keep("two") == 3U);
  BOOST_TEST(worker.directory->kept() == "two");
}

BOOST_FIXTURE_TEST_CASE(the_newer_asks_and_the_older_lets_go, Stage) {
  Worker older(loop, temporary.path());
  take(older);
  Worker newer(loop, temporary.path());
  ask(older, newer);
  BOOST_TEST(newer.acquired == 0);
  older.directory->write("handed over");
  older.directory.reset();
  BOOST_TEST(until([&] { return newer.acquired == 1; }));
  BOOST_TEST(newer.directory->read().value_or("") == "handed over");
  // Its own asking is no reason to let go.
  loop.dispatch();
  BOOST_TEST(newer.requested == 0);
}

BOOST_FIXTURE_TEST_CASE(of_several_that_ask_only_the_newest_begins, Stage) {
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

BOOST_FIXTURE_TEST_CASE(one_that_asks_and_dies_is_not_waited_for, Stage) {
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

BOOST_FIXTURE_TEST_CASE(the_older_gives_way_to_a_newer_holder, Stage) {
  Worker older(loop, temporary.path());
  Worker newer(loop, temporary.path());
  take(newer);
  older.directory->acquire();
  BOOST_TEST(until([&] { return older.outlived == 1; }));
  BOOST_TEST(newer.requested == 0);
  BOOST_TEST(newer.directory->held());
}

BOOST_FIXTURE_TEST_CASE(a_holder_that_hangs_is_left_behind, Stage) {
  runtime::EventLoop hung;
  Worker older(hung, temporary.path());
  older.directory->acquire();
  BOOST_TEST(tests::wait_until([&] {
    hung.dispatch();
    return older.acquired == 1;
  }));
  older.directory->write("before");
  Worker newer(loop, temporary.path());
  take(newer);
  BOOST_TEST(newer.log.count("does not let go") == 1U);
  BOOST_TEST(!older.directory->held());
  newer.directory->write("newer");
  older.directory->write("older");
  BOOST_TEST(newer.directory->read().value_or("") == "newer");
  // Once it wakes up it learns that it is one too many.
  BOOST_TEST(tests::wait_until([&] {
    hung.dispatch();
    return older.outlived == 1;
  }));
}

BOOST_FIXTURE_TEST_CASE(a_holder_that_asks_for_time_gets_it, Stage) {
  runtime::EventLoop busy;
  Worker older(busy, temporary.path());
  older.directory->acquire();
  BOOST_TEST(tests::wait_until([&] {
    busy.dispatch();
    return older.acquired == 1;
  }));
  const core::MonotonicTime asked = runtime::read_clocks().monotonic;
  const core::Duration time = runtime::DirectoryClaim::patience + std::chrono::milliseconds(500);
  Worker newer(loop, temporary.path());
  newer.directory->acquire();
  older.directory->hold_until(asked + time);
  BOOST_TEST(until([&] { return newer.acquired == 1; }));
  BOOST_TEST((runtime::read_clocks().monotonic >= asked + time));
  BOOST_TEST(newer.log.count("does not let go") == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_lock_that_is_removed_is_made_again, Stage) {
  Worker worker(loop, temporary.path());
  take(worker);
  for (int times = 1; times <= 2; ++times) {
    BOOST_REQUIRE_EQUAL(unlink(temporary.file("lock").c_str()), 0);
    BOOST_TEST(until([&] { return worker.directory->held(); }));
  }
  BOOST_TEST(worker.log.count("is there again") == 2U);
  worker.directory->write("text");
  BOOST_TEST(worker.directory->read().value_or("") == "text");
  Worker newer(loop, temporary.path());
  ask(worker, newer);
  BOOST_TEST(worker.outlived == 0);
}

BOOST_FIXTURE_TEST_CASE(a_directory_that_is_removed_is_missed, Stage) {
  Worker worker(loop, temporary.path());
  take(worker);
  worker.directory->write("text");
  std::filesystem::remove_all(temporary.path());
  BOOST_TEST(until([&] { return worker.log.count("the state directory is gone") == 1; }));
  BOOST_TEST(!worker.directory->held());
  worker.directory->write("more");
  BOOST_TEST(worker.outlived == 0);
  BOOST_TEST(worker.log.messages.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_directory_that_others_can_write_is_refused, Stage) {
  BOOST_REQUIRE_EQUAL(chmod(temporary.path().c_str(), 0777), 0);
  BOOST_CHECK_THROW(Worker(loop, temporary.path()), std::runtime_error);
  BOOST_CHECK_THROW(Worker(loop, temporary.file("missing")), std::system_error);
}

BOOST_FIXTURE_TEST_CASE(links_are_not_followed, Stage) {
  tests::write_file(temporary.file("elsewhere"), "");
  BOOST_REQUIRE_EQUAL(symlink(temporary.file("elsewhere").c_str(), temporary.file("lock").c_str()),
                      0);
  Worker worker(loop, temporary.path());
  worker.directory->acquire();
  // Without the directory it goes on all the same, and says so.
  BOOST_TEST(until([&] { return worker.acquired == 1; }));
  BOOST_TEST(!worker.directory->held());
  BOOST_TEST(worker.log.count("going on without the ledger") == 1U);
  BOOST_TEST(tests::read_file(temporary.file("elsewhere")) == "");
}

BOOST_AUTO_TEST_SUITE_END()
