// SPDX-License-Identifier: MIT
/// @file
/// The lines that keepalived writes into its notify FIFO:
///
///     INSTANCE "<name>" <state or event> <priority>
///     GROUP "<name>" <state> 0
///     VS <server> UP|DOWN               RS <server> <server> UP|DOWN
///
/// Names are as configured and may contain blanks and quotes, so lines are parsed from the right.
/// Checkers newer than 2.4.3 write a NUL after the newline of their VS and RS lines, which share
/// the global FIFO: it comes at the beginning of the next line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/vrrp_state.hpp"
#include "runtime/line_splitter.hpp"

namespace batch_notifier::sources {

/// An instance has entered a state.
struct InstanceLine {
  std::string name;                               ///< The instance.
  core::VrrpState state = core::VrrpState::init;  ///< BACKUP, MASTER, FAULT, STOP or DELETED.
  std::uint8_t priority = 0;                      ///< Its effective priority.
  /// Equal in every field.
  friend bool operator==(const InstanceLine&, const InstanceLine&) = default;
};

/// A sync group has entered a state.
struct GroupLine {
  std::string name;                               ///< The group.
  core::VrrpState state = core::VrrpState::init;  ///< As InstanceLine::state.
  /// Equal in every field.
  friend bool operator==(const GroupLine&, const GroupLine&) = default;
};

/// MASTER_RX_LOWER_PRI, MASTER_PRIORITY or BACKUP_PRIORITY: an event that is not a change of state.
struct PriorityLine {
  std::string name;           ///< The instance.
  std::uint8_t priority = 0;  ///< Its effective priority.
  bool contested = false;     ///< MASTER_RX_LOWER_PRI: a MASTER of lower priority was heard.
  /// Equal in every field.
  friend bool operator==(const PriorityLine&, const PriorityLine&) = default;
};

/// About a virtual or real server, which this program does not follow.
struct ServerLine {
  /// Equal in every field.
  friend bool operator==(const ServerLine&, const ServerLine&) = default;
};

/// Not understood.
struct MalformedLine {
  std::string text;  ///< Its beginning, as it came.
  /// Equal in every field.
  friend bool operator==(const MalformedLine&, const MalformedLine&) = default;
};

/// One line of the FIFO.
using FifoLine = std::variant<InstanceLine, GroupLine, PriorityLine, ServerLine, MalformedLine>;

/// Bytes in, lines out, however the bytes are cut.
class FifoLines {
 public:
  /// Longest line that is looked at: four times what keepalived can write.
  static constexpr std::size_t longest_line = 4096;

  /// Nothing taken yet.
  FifoLines();
  FifoLines(const FifoLines&) = delete;
  FifoLines& operator=(const FifoLines&) = delete;

  /// Takes the next bytes; returns the lines that they complete. A longer line than longest_line is
  /// one malformed line, and takes no more memory than that.
  std::vector<FifoLine> feed(std::string_view bytes);

  /// How many of the last bytes taken are the beginning of a line whose end has not come; of one
  /// that is too long already, not all.
  [[nodiscard]] std::size_t rest() const { return splitter_.rest(); }

  /// Forgets the beginning of a line whose end will not come.
  void drop_rest();

 private:
  runtime::LineSplitter splitter_;
  std::vector<FifoLine> complete_;
};

}  // namespace batch_notifier::sources
