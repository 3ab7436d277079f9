// SPDX-License-Identifier: MIT
#include "ledger/lock_note.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "ledger/checksum.hpp"

namespace batch_notifier::ledger {

namespace {

constexpr std::string_view head = "batch_notifier lock 1 ";

}  // namespace

std::string write_lock_note(const LockNote& note) {
  std::string text = std::string(head) + std::to_string(note.started.time_since_epoch().count()) +
                     " " + std::to_string(note.until.time_since_epoch().count()) + " " +
                     std::to_string(note.pid) + " ";
  text += std::to_string(crc32_of(text));
  text.resize(lock_note_size - 1, ' ');
  return text + "\n";
}

std::optional<LockNote> read_lock_note(std::string_view text) {
  if (text.substr(0, head.size()) != head) {
    return std::nullopt;
  }
  std::array<std::int64_t, 3> numbers{};
  const char* at = text.data() + head.size();
  const char* const end = text.data() + text.size();
  for (std::int64_t& number : numbers) {
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc()) {
      return std::nullopt;
    }
    at = rest == end ? end : rest + 1;
  }
  const LockNote note{core::MonotonicTime(core::Duration(numbers[0])),
                      core::MonotonicTime(core::Duration(numbers[1])),
                      static_cast<pid_t>(numbers[2])};
  // Written again it must be the same, its checksum included.
  return text == write_lock_note(note) ? std::optional(note) : std::nullopt;
}

}  // namespace batch_notifier::ledger
