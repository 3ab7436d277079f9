// SPDX-License-Identifier: MIT
/// @file
/// What is wrong with a configuration. A bad line gives a value and no exception: it is reported
/// and left out, and all other lines count, because a typing error must not stop the delivery of a
/// failover.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/topology.hpp"

namespace batch_notifier::config {

/// One thing that is wrong, and where.
struct Problem {
  core::SourceLocation location;  ///< The line it is about.
  std::string message;            ///< One sentence, printable, without the location.
};

/// Collects problems in the order in which they were found. Bounded, so that a file full of
/// nonsense costs neither memory nor a flooded log.
class Problems {
 public:
  /// How many are kept; one more says that there were others.
  static constexpr std::size_t limit = 1000;

  /// Adds one. What the file has put into it is made printable.
  void add(const core::SourceLocation& location, std::string message);

  /// Hands over all of them.
  std::vector<Problem> take() { return std::move(problems_); }

 private:
  std::vector<Problem> problems_;
};

/// A word from the file in quotes, cut to what fits into a message.
std::string shown(std::string_view word);

}  // namespace batch_notifier::config
