// SPDX-License-Identifier: MIT
/// @file
/// FIFO journals. An input is a few numbers and bytes. The bytes are read as a journal file as they
/// are; then they are the data of up to eight records, of which one bit is flipped and the end is
/// cut off: whatever is read back is the data of the first records, and nothing else.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ledger/journal_format.hpp"
#include "tests/fuzz/finding.hpp"

namespace batch_notifier::fuzz {

namespace {

constexpr std::size_t numbers_size = 12;

std::size_t number_at(const std::string& text, std::size_t at) {
  return static_cast<std::size_t>(static_cast<unsigned char>(text[at])) << 8U |
         static_cast<unsigned char>(text[at + 1]);
}

void check_as_file(const std::string& text) {
  const ledger::JournalContents contents = ledger::read_journal(text);
  require(contents.bytes.size() <= text.size(), "no more is read than there is");
  const std::string again = ledger::journal_head() + ledger::journal_record(contents.bytes);
  require(ledger::read_journal(again) == ledger::JournalContents{contents.bytes, false},
          "what was read can be written");
}

void check_as_records(const std::string& numbers, const std::string& data) {
  std::vector<std::string> prefixes{""};
  std::string text = ledger::journal_head();
  for (std::size_t at = 0; at < 8; at += 2) {
    const std::string& last = prefixes.back();
    const std::size_t size = std::min(number_at(numbers, at) % 64, data.size() - last.size());
    text += ledger::journal_record(data.substr(last.size(), size));
    prefixes.push_back(data.substr(0, last.size() + size));
  }
  require(ledger::read_journal(text) == ledger::JournalContents{prefixes.back(), false},
          "a journal is read back");
  const std::size_t bit = number_at(numbers, 8) % (8 * text.size());
  text[bit / 8] = static_cast<char>(text[bit / 8] ^ static_cast<char>(1U << bit % 8));
  const ledger::JournalContents flipped = ledger::read_journal(text);
  require(flipped.damaged, "a flipped bit is noticed");
  text.resize(number_at(numbers, 10) % (text.size() + 1));
  for (const std::string& bytes : {flipped.bytes, ledger::read_journal(text).bytes}) {
    require(std::count(prefixes.begin(), prefixes.end(), bytes) > 0,
            "nothing is read but the first records");
  }
}

}  // namespace

}  // namespace batch_notifier::fuzz

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace batch_notifier;
  const std::string text(data, data + size);
  fuzz::check_as_file(text);
  if (size >= fuzz::numbers_size) {
    fuzz::check_as_records(text.substr(0, fuzz::numbers_size), text.substr(fuzz::numbers_size));
  }
  return 0;
}
