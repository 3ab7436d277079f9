// SPDX-License-Identifier: MIT
/// @file
/// Fuzzer input as a program. Read from front to back and one byte per choice, so that a seed can
/// be written by hand and cutting its end off leaves a program; libFuzzer's own FuzzedDataProvider
/// takes numbers from the back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace batch_notifier::fuzz {

/// Bytes of an input, taken one at a time.
class ProgramBytes {
 public:
  /// The bytes must outlive this.
  ProgramBytes(const std::uint8_t* data, std::size_t size) : next_(data), end_(data + size) {}

  /// Whether all have been taken.
  [[nodiscard]] bool empty() const { return next_ == end_; }

  /// A number below `limit`; 0 once all have been taken. The digits 0 to 9 mean themselves if
  /// `limit` is 16; so do 1 to 15 as the letters a to o.
  std::size_t below(std::size_t limit) {
    return empty() ? 0 : static_cast<std::size_t>(*next_++) % limit;
  }

  /// One of the choices.
  template <typename Choice, std::size_t count>
  const Choice& choose(const std::array<Choice, count>& choices) {
    return choices.at(below(count));
  }

 private:
  const std::uint8_t* next_;
  const std::uint8_t* end_;
};

}  // namespace batch_notifier::fuzz
