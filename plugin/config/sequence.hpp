// SPDX-License-Identifier: MIT
/// @file
/// keepalived's `~SEQ` and `~LST`: one line that stands for many, each with other values of one or
/// more definitions. The lines are made one at a time, so that the longest sequence costs nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/definitions.hpp"

namespace batch_notifier::config {

/// A sequence on its way.
class Sequence {
 public:
  /// Reads `~SEQ(var,[start,[step,]]end) text`, `~SEQx(…)` for hexadecimal values, `~LST(var,v…)
  /// text` or `~LST({a,b},{1,2},…) text`. Definitions in the numbers are substituted. Nothing if it
  /// is malformed.
  static std::optional<Sequence> parse(std::string_view line, const std::string& directory,
                                       Definitions& definitions);

  /// Defines the next values; false when there are no more.
  bool advance(Definitions& definitions);

  /// The line that stands behind the brackets.
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  bool parse_range(std::string_view arguments);
  bool parse_list(std::string_view arguments);

  std::vector<std::string> names_;
  std::string text_;
  bool hexadecimal_ = false;
  bool ended_ = false;
  long next_ = 0;
  long step_ = 0;
  long last_ = 0;
  std::vector<std::vector<std::string>> sets_;
  std::size_t next_set_ = 0;
};

}  // namespace batch_notifier::config
