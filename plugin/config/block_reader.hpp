// SPDX-License-Identifier: MIT
/// @file
/// Lines to blocks. The reader of a block gets only its own keywords: other keywords are skipped
/// with all that is nested in them. `@batch_notifier` lines go to the handler of settings, however
/// deep they stand.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/line_reader.hpp"
#include "config/problem.hpp"

namespace batch_notifier::config {

/// A line that is no brace and no setting.
struct Statement {
  core::SourceLocation location;   ///< Where it stands.
  std::vector<std::string> words;  ///< Never empty; the first is the keyword.
};

/// Reads a configuration block by block.
class BlockReader {
 public:
  /// Takes one statement. May call enter() to read the block that follows it.
  using Handler = std::function<void(const Statement& statement)>;
  /// Takes one `@batch_notifier` line.
  using SettingHandler = std::function<void(const Line& line)>;

  /// Both must outlive this.
  BlockReader(LineReader& lines, Problems& problems, SettingHandler on_setting);

  /// Hands over every statement outside of blocks, up to the end.
  void read(const Handler& handler);

  /// If a block follows `statement`, hands over every statement in it and returns true.
  bool enter(const Statement& statement, const Handler& handler);

 private:
  std::optional<Line> next();
  void skip_block(const core::SourceLocation& start);
  void report_unclosed(const core::SourceLocation& start);

  LineReader& lines_;
  Problems& problems_;
  SettingHandler on_setting_;
  std::optional<Line> put_back_;
  bool unclosed_reported_ = false;
};

}  // namespace batch_notifier::config
