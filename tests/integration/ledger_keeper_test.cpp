// SPDX-License-Identifier: MIT
/// @file
/// The ledger and what is kept beside it, as a following worker finds them, at any moment at which
/// this one may be killed; needs no privilege.
#define BOOST_TEST_DYN_LINK
#include "ledger_keeper.hpp"

#include <unistd.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include "runtime/event_loop.hpp"
#include "tests/support/process.hpp"
#include "tests/support/recording_log.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier;

namespace {

struct LedgerStage {
  LedgerStage() {
    BOOST_REQUIRE(
        keeper.open(temporary.path().c_str(), {[this] { acquired = true; }, {}, {}}, std::nullopt));
    BOOST_REQUIRE(until([this] { return acquired; }));
  }

  bool until(const std::function<bool()>& condition) {
    return tests::wait_until([&] {
      loop.dispatch();
      if (due) {
        save();
      }
      return condition();
    });
  }

  [[nodiscard]] bool exists(const std::string& name) const {
    return std::filesystem::exists(temporary.file(name));
  }

  /// What is on the disk, or "none".
  [[nodiscard]] std::string kept() const {
    return exists("kept") ? tests::read_file(temporary.file("kept")) : "none";
  }

  tests::TemporaryDirectory temporary;
  tests::RecordingLog log;
  runtime::EventLoop loop;
  void save() {
    due = false;
    keeper.save(present);
  }

  bool acquired = false;
  bool due = false;      ///< The keeper asked to be saved.
  core::Ledger present;  ///< What the engine would say.
  LedgerKeeper keeper{loop, log, [this] { due = true; }};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ledger_keeper, LedgerStage)

BOOST_AUTO_TEST_CASE(what_the_ledger_need_not_have_in_it_stays_beside_it) {
  keeper.keep("one\ntwo\nth");
  BOOST_TEST(kept() == "one\ntwo\nth");
  // In the middle, as before a delivery.
  save();
  BOOST_TEST(exists("ledger"));
  BOOST_TEST(kept() == "one\ntwo\nth");
  keeper.settle(2);
  BOOST_TEST(kept() == "one\ntwo\nth");
  save();
  BOOST_TEST(kept() == "th");
  keeper.keep("ree\n");
  BOOST_TEST(kept() == "three\n");
  keeper.settle(0);
  present.fifo = "changed";
  save();
  BOOST_TEST(kept() == "none");
  BOOST_TEST(keeper.read().fifo == "changed");
}

BOOST_AUTO_TEST_CASE(what_a_former_worker_has_kept_is_kept_until_it_is_settled) {
  tests::write_file(temporary.file("kept"), "one\ntw");
  BOOST_TEST(keeper.kept().value_or("nothing") == "one\ntw");
  save();
  BOOST_TEST(kept() == "one\ntw");
  keeper.settle(2);
  save();
  BOOST_TEST(kept() == "tw");
}

BOOST_AUTO_TEST_CASE(what_does_not_count_any_more_is_off_the_disk_in_the_next_turn) {
  save();
  keeper.keep("one\n");
  present.fifo = "lost";
  keeper.forget();
  BOOST_TEST(until([&] { return kept() == "none"; }));
  BOOST_TEST(keeper.read().fifo == "lost");
}

BOOST_AUTO_TEST_CASE(much_that_is_kept_has_the_ledger_renewed) {
  save();
  present.fifo = "renewed";
  keeper.keep(std::string(70'000, 'x'));
  keeper.settle(0);
  BOOST_TEST(until([&] { return keeper.read().fifo == "renewed"; }));
  BOOST_TEST(kept() == "none");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_kept_leaves_no_ledger_that_lacks_it) {
  save();
  const std::string path = temporary.file("kept");
  BOOST_REQUIRE_EQUAL(mkdir(path.c_str(), 0700), 0);
  keeper.keep("one\n");
  BOOST_TEST(!exists("ledger"));
  keeper.settle(0);
  keeper.keep("two\n");
  keeper.settle(0);
  BOOST_TEST(log.count("may not survive a restart") == 1U);
  BOOST_REQUIRE_EQUAL(rmdir(path.c_str()), 0);
  // Both are in the ledger by now.
  BOOST_TEST(until([&] { return exists("ledger"); }));
  BOOST_TEST(kept() == "none");
  BOOST_TEST(log.messages.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_not_taken_for_nothing) {
  BOOST_REQUIRE_EQUAL(mkdir(temporary.file("kept").c_str(), 0700), 0);
  BOOST_TEST(!keeper.kept().has_value());
  BOOST_TEST(log.count("may be lost") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
