// SPDX-License-Identifier: MIT
/// @file
/// The FIFO journal and the lock notes as bytes: damage is never taken for contents.
#define BOOST_TEST_DYN_LINK
#include "ledger/journal_format.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "ledger/lock_note.hpp"

using namespace batch_notifier;
using ledger::journal_head;
using ledger::journal_record;
using ledger::JournalContents;
using ledger::read_journal;

namespace {

const std::vector<std::string> lines{"INSTANCE \"VI_1\" MASTER 100\n", "",
                                     "INSTANCE \"VI_1\" BACKUP 100\nINSTANCE \"VI_2\" FA"};

std::string example() {
  std::string text = journal_head();
  for (const std::string& line : lines) {
    text += journal_record(line);
  }
  return text;
}

/// Data of the first `count` records.
std::string prefix(std::size_t count) {
  std::string bytes;
  for (std::size_t index = 0; index < count; ++index) {
    bytes += lines.at(index);
  }
  return bytes;
}

bool is_prefix(const std::string& bytes) {
  for (std::size_t count = 0; count <= lines.size(); ++count) {
    if (bytes == prefix(count)) {
      return true;
    }
  }
  return false;
}

std::string flipped(std::string text, std::size_t bit) {
  text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1U << bit % 8));
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(journal_format)

BOOST_AUTO_TEST_CASE(appended_records_are_read_back_in_order) {
  BOOST_TEST((read_journal(example()) == JournalContents{prefix(lines.size()), false}));
  BOOST_TEST((read_journal(journal_head()) == JournalContents{}));
  BOOST_TEST((read_journal("") == JournalContents{}));
  const std::string bytes(70'000, '\0');
  BOOST_TEST(
      (read_journal(journal_head() + journal_record(bytes)) == JournalContents{bytes, false}));
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_is_reported_and_the_records_before_it_are_kept) {
  const std::string good = example();
  const std::size_t first = journal_head().size() + journal_record(lines[0]).size();
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    const JournalContents contents = read_journal(flipped(good, bit));
    BOOST_TEST_CONTEXT("bit " << bit) {
      BOOST_TEST(contents.damaged);
      BOOST_TEST(is_prefix(contents.bytes));
      BOOST_TEST(contents.bytes != prefix(lines.size()));
      if (bit >= 8 * first) {
        BOOST_TEST(contents.bytes == lines[0]);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_file_that_ends_early_lacks_its_last_records_only) {
  const std::string good = example();
  std::size_t longest = 0;
  for (std::size_t size = 0; size <= good.size(); ++size) {
    const JournalContents contents = read_journal(good.substr(0, size));
    BOOST_TEST_CONTEXT(size << " bytes") {
      // As after a crash within an append: nothing that was acted on is lost.
      BOOST_TEST(!contents.damaged);
      BOOST_TEST(is_prefix(contents.bytes));
      BOOST_TEST(contents.bytes.size() >= longest);
      longest = contents.bytes.size();
    }
  }
  BOOST_TEST(longest == prefix(lines.size()).size());
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_a_file_that_ends_early_is_never_in_the_contents) {
  const std::string good = example();
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::string cut = good.substr(0, size);
    for (std::size_t bit = 0; bit < 8 * size; ++bit) {
      const JournalContents contents = read_journal(flipped(cut, bit));
      if (!is_prefix(contents.bytes)) {
        BOOST_TEST(is_prefix(contents.bytes), size << " bytes, bit " << bit);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(other_files_are_damaged_journals) {
  for (const std::string text :
       {"INSTANCE \"VI_1\" MASTER 100\n", "x", "batch_notifier fifo-journal 2\n"}) {
    BOOST_TEST((read_journal(text) == JournalContents{"", true}));
  }
  BOOST_TEST((read_journal(journal_head() + std::string(4096, '\0')) == JournalContents{"", true}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(lock_note)

BOOST_AUTO_TEST_CASE(a_note_is_read_back_and_every_flip_and_truncation_is_refused) {
  using core::Duration;
  using core::MonotonicTime;
  for (const ledger::LockNote& note :
       {ledger::LockNote{MonotonicTime(Duration(1'234'567)), MonotonicTime(Duration(89)), 4321},
        ledger::LockNote{},
        ledger::LockNote{MonotonicTime::max(), MonotonicTime::min(), 4194304}}) {
    const std::string good = write_lock_note(note);
    BOOST_TEST(good.size() == ledger::lock_note_size);
    BOOST_TEST((ledger::read_lock_note(good) == note));
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
      BOOST_TEST(!ledger::read_lock_note(flipped(good, bit)), "bit " << bit);
    }
    for (std::size_t size = 0; size < good.size(); ++size) {
      BOOST_TEST(!ledger::read_lock_note(good.substr(0, size)), size << " bytes");
    }
    BOOST_TEST(!ledger::read_lock_note(good + good));
  }
}

BOOST_AUTO_TEST_SUITE_END()
