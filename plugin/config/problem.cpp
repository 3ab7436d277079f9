// SPDX-License-Identifier: MIT
#include "config/problem.hpp"

#include "runtime/printable.hpp"

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
  problems_.push_back({location, runtime::printable(message)});
}

std::string shown(std::string_view word) {
  const bool cut = word.size() > longest_word;
  return "'" + std::string(word.substr(0, longest_word)) + (cut ? "...'" : "'");
}

}  // namespace batch_notifier::config
