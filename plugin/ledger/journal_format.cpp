// SPDX-License-Identifier: MIT
#include "ledger/journal_format.hpp"

#include <cstddef>
#include <cstdint>

#include "ledger/checksum.hpp"

namespace batch_notifier::ledger {

namespace {

constexpr std::string_view head = "batch_notifier fifo-journal 1\n";
constexpr std::size_t number_size = 4;
constexpr std::size_t header_size = 3 * number_size;

void add_number(std::string& text, std::uint32_t number) {
  for (std::size_t byte = 0; byte < number_size; ++byte) {
    text += static_cast<char>(number >> (8 * byte) & 0xffU);
  }
}

std::uint32_t number_at(std::string_view text, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t byte = 0; byte < number_size; ++byte) {
    number |= std::uint32_t{static_cast<unsigned char>(text[at + byte])} << (8 * byte);
  }
  return number;
}

}  // namespace

std::string journal_head() {
  return std::string(head);
}

std::string journal_record(std::string_view bytes) {
  std::string record;
  record.reserve(header_size + bytes.size());
  add_number(record, static_cast<std::uint32_t>(bytes.size()));
  add_number(record, crc32_of(bytes));
  add_number(record, crc32_of(record));
  record += bytes;
  return record;
}

JournalContents read_journal(std::string_view text) {
  JournalContents contents;
  if (text.size() < head.size()) {
    contents.damaged = text != head.substr(0, text.size());
    return contents;
  }
  if (text.substr(0, head.size()) != head) {
    contents.damaged = true;
    return contents;
  }
  text.remove_prefix(head.size());
  while (text.size() >= header_size) {
    const std::string_view numbers = text.substr(0, 2 * number_size);
    if (number_at(text, numbers.size()) != crc32_of(numbers)) {
      contents.damaged = true;
      break;
    }
    const std::size_t size = number_at(text, 0);
    text.remove_prefix(header_size);
    if (text.size() < size) {
      break;
    }
    if (crc32_of(text.substr(0, size)) != number_at(numbers, number_size)) {
      contents.damaged = true;
      break;
    }
    contents.bytes += text.substr(0, size);
    text.remove_prefix(size);
  }
  return contents;
}

}  // namespace batch_notifier::ledger
