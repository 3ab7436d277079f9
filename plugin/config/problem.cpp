// SPDX-License-Identifier: MIT
#include "config/problem.hpp"

namespace batch_notifier::config {

namespace {

constexpr std::size_t longest_word = 100;

}  // namespace

void Problems::add(const core::SourceLocation& location, std::string message) {
  if (problems_.size() > limit) {
    return;
  }
  if (problems_.size() == limit) {
    message = "there are more problems than are listed here";
  }
  for (char& character : message) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7f) {
      character = '?';
    }
  }
  problems_.push_back({location, std::move(message)});
}

std::string shown(std::string_view word) {
  const bool cut = word.size() > longest_word;
  return "'" + std::string(word.substr(0, longest_word)) + (cut ? "...'" : "'");
}

}  // namespace batch_notifier::config
