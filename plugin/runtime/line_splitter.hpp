// SPDX-License-Identifier: MIT
/// @file
/// Output of a command, as lines for the log. A command may write without end and without newlines;
/// what is kept of it, and what it can do to the log, is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace batch_notifier::runtime {

/// How much of the output counts.
struct LineLimits {
  std::size_t line_bytes = 4096;  ///< Of each line, the newline not counted.
  std::size_t lines = 64;         ///< Of all.
};

/// Cuts a stream of bytes into lines, however it arrives.
class LineSplitter {
 public:
  /// Gets each line, without its newline.
  using Sink = std::function<void(const std::string& line)>;

  /// Nothing taken yet.
  LineSplitter(LineLimits limits, Sink sink) : limits_(limits), sink_(std::move(sink)) {}

  /// Takes the next bytes and passes on the lines that they complete.
  void take(std::string_view bytes);

  /// The stream has ended: passes on a last line without newline.
  void finish();

  /// Bytes of the line that has not ended yet, as far as they are within the limits.
  [[nodiscard]] std::size_t rest() const { return line_.size(); }

  /// Bytes beyond the limits, newlines not counted.
  [[nodiscard]] std::uint64_t cut_bytes() const { return cut_bytes_; }

  /// Lines that were cut, wholly or in part.
  [[nodiscard]] std::uint64_t cut_lines() const { return cut_lines_; }

 private:
  void take_part(std::string_view part);
  void end_line();

  LineLimits limits_;
  Sink sink_;
  std::string line_;
  bool line_cut_ = false;
  std::size_t passed_ = 0;
  std::uint64_t cut_bytes_ = 0;
  std::uint64_t cut_lines_ = 0;
};

}  // namespace batch_notifier::runtime
