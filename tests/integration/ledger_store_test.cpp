// SPDX-License-Identifier: MIT
/// @file
/// The ledger and the FIFO journal as a following worker finds them, at any moment at which this
/// one may be killed; needs no privilege.
#define BOOST_TEST_DYN_LINK
#include "ledger/ledger_store.hpp"

#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include "ledger/journal_format.hpp"
#include "runtime/event_loop.hpp"
#include "tests/support/process.hpp"
#include "tests/support/recording_log.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier;
using ledger::JournalContents;
using ledger::LedgerStore;

namespace {

struct LedgerStage {
  LedgerStage() {
    store.open(temporary.path().c_str(), "keepalived.conf", {[this] { acquired = true; }, {}, {}},
               runtime::read_clocks().monotonic);
    BOOST_REQUIRE(until([this] { return acquired; }));
  }

  bool until(const std::function<bool()>& condition) {
    return tests::wait_until([&] {
      loop.dispatch();
      return condition();
    });
  }

  [[nodiscard]] bool exists(const std::string& name) const {
    return std::filesystem::exists(temporary.file(name));
  }

  /// Bytes in the journal on the disk, or "none".
  [[nodiscard]] std::string journal() const {
    if (!exists("fifo-journal")) {
      return "none";
    }
    const auto contents = ledger::read_journal(tests::read_file(temporary.file("fifo-journal")));
    return (contents.damaged ? "damaged: " : "") + contents.bytes;
  }

  void save(const std::string& mark) {
    core::Ledger present;
    present.fifo = mark;
    store.save(present);
  }

  tests::TemporaryDirectory temporary;
  tests::RecordingLog log;
  runtime::EventLoop loop;
  bool acquired = false;
  LedgerStore store{loop, log};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ledger_store, LedgerStage)

BOOST_AUTO_TEST_CASE(bytes_stay_in_the_journal_until_a_save_after_their_commit) {
  BOOST_TEST(store.append("one\ntwo\nth") == 10U);
  BOOST_TEST(journal() == "one\ntwo\nth");
  // Within the handling of a line, as before a delivery.
  save("first");
  BOOST_TEST(exists("ledger"));
  BOOST_TEST(journal() == "one\ntwo\nth");
  store.commit(2);
  BOOST_TEST(journal() == "one\ntwo\nth");
  save("first");
  BOOST_TEST(journal() == "th");
  BOOST_TEST(store.append("ree\n") == 6U);
  BOOST_TEST(journal() == "three\n");
  store.commit(0);
  save("second");
  BOOST_TEST(journal() == "none");
  BOOST_TEST(store.read().fifo == "second");
}

BOOST_AUTO_TEST_CASE(bytes_of_a_former_worker_stay_until_they_are_committed) {
  tests::write_file(temporary.file("fifo-journal"),
                    ledger::journal_head() + ledger::journal_record("one\ntw"));
  BOOST_TEST((store.read_journal() == JournalContents{"one\ntw", false}));
  // Also when bytes are appended before the first save.
  store.append("o\n");
  BOOST_TEST(journal() == "one\ntwo\n");
  save("first");
  BOOST_TEST(journal() == "one\ntwo\n");
  store.commit(2);
  save("first");
  BOOST_TEST(journal() == "o\n");
}

BOOST_AUTO_TEST_CASE(a_cleared_journal_is_off_the_disk_at_once) {
  save("first");
  store.append("one\n");
  store.clear();
  BOOST_TEST(journal() == "none");
  BOOST_TEST(store.read().fifo == "first");
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_in_either_file_is_reported) {
  save("first");
  store.append("one\n");
  store.append("two\n");
  const std::string ledger_file = temporary.file("ledger");
  const std::string good_ledger = tests::read_file(ledger_file);
  const std::string journal_file = temporary.file("fifo-journal");
  const std::string good_journal = tests::read_file(journal_file);
  const auto flipped = [](std::string text, std::size_t bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1U << bit % 8));
    return text;
  };
  for (std::size_t bit = 0; bit < 8 * good_ledger.size(); ++bit) {
    tests::write_file(ledger_file, flipped(good_ledger, bit));
    BOOST_TEST((store.read() == core::Ledger{}), "bit " << bit);
  }
  BOOST_TEST(log.count("every consumer gets a snapshot") == 8 * good_ledger.size());
  for (std::size_t bit = 0; bit < 8 * good_journal.size(); ++bit) {
    tests::write_file(journal_file, flipped(good_journal, bit));
    const JournalContents contents = store.read_journal();
    BOOST_TEST((contents.damaged && (contents.bytes.empty() || contents.bytes == "one\n")),
               "bit " << bit);
  }
}

BOOST_AUTO_TEST_CASE(a_failed_append_leaves_no_ledger_that_lacks_the_lines) {
  save("first");
  const std::string path = temporary.file("fifo-journal");
  BOOST_REQUIRE_EQUAL(mkdir(path.c_str(), 0700), 0);
  BOOST_TEST(store.append("one\n") == ledger::FifoJournal::not_written);
  BOOST_TEST(!exists("ledger"));
  store.commit(0);
  BOOST_TEST(store.append("two\n") == ledger::FifoJournal::not_written);
  store.commit(0);
  BOOST_TEST(log.count("may not survive a crash or restart") == 1U);
  BOOST_REQUIRE_EQUAL(rmdir(path.c_str()), 0);
  save("both lines");
  BOOST_TEST(store.read().fifo == "both lines");
  BOOST_TEST(journal() == "none");
  BOOST_TEST(log.messages.size() == 1U);
  BOOST_TEST(store.append("three\n") == 6U);
  BOOST_TEST(journal() == "three\n");
}

BOOST_AUTO_TEST_CASE(a_journal_that_cannot_be_read_is_damaged_and_not_empty) {
  BOOST_REQUIRE_EQUAL(mkdir(temporary.file("fifo-journal").c_str(), 0700), 0);
  BOOST_TEST((store.read_journal() == JournalContents{"", true}));
  BOOST_TEST(log.count("read last are lost") == 1U);
}

BOOST_AUTO_TEST_CASE(a_damaged_ledger_is_renamed_and_reported) {
  tests::write_file(temporary.file("ledger"), "batch_notifier ledger 1 3 99\n{}\n");
  BOOST_TEST((store.read() == core::Ledger{}));
  BOOST_TEST(!exists("ledger"));
  BOOST_TEST(exists("ledger.corrupt"));
  BOOST_TEST(log.count("it is a ledger of version 1") == 1U);
}

BOOST_AUTO_TEST_CASE(without_a_directory_work_begins_and_nothing_is_stored) {
  for (const std::string path : {"", "/nonexistent/state"}) {
    LedgerStore nowhere(loop, log);
    bool begun = false;
    nowhere.open(path.empty() ? nullptr : path.c_str(), temporary.path(),
                 {[&] { begun = true; }, {}, {}}, runtime::read_clocks().monotonic);
    BOOST_TEST(!begun);
    BOOST_TEST(until([&] { return begun; }));
    nowhere.save({});
    BOOST_TEST(nowhere.append("one") == 0U);
    nowhere.clear();
    BOOST_TEST((nowhere.read() == core::Ledger{}));
    BOOST_TEST((nowhere.read_journal() == JournalContents{}));
  }
  BOOST_TEST(log.count("but no crash or restart") == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
