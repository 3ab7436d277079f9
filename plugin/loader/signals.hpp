// SPDX-License-Identifier: MIT
/// @file
/// Signals as something to read. Nothing here runs in a signal handler: the signals are blocked and
/// read from a signalfd, between two calls of the plugin and never inside one.
#pragma once

#include <initializer_list>
#include <optional>

#include "runtime/unique_fd.hpp"

namespace batch_notifier::loader {

/// Gives every signal its default action, whatever the parent ignored: an ignored SIGCHLD, say,
/// would hide the end of every child.
void reset_signal_actions();

/// Signals that wait to be read.
class SignalFd {
 public:
  /// From now on these signals, and SIGPIPE, SIGXFSZ and SIGXCPU, are blocked, and no others. The
  /// three because a reader of standard error may go, and a limit on the size of files or on
  /// processor time may be reached, which is an error of a write or is logged; blocked and not
  /// ignored, because only a mask has to be reset in children anyway. The mask stays when the
  /// object goes, so that nothing is lost between two of them. Throws std::system_error.
  explicit SignalFd(std::initializer_list<int> signals);

  /// Readable when a signal waits.
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The next signal that waits, or nothing. Never blocks.
  [[nodiscard]] std::optional<int> next() const;

 private:
  runtime::UniqueFd fd_;
};

}  // namespace batch_notifier::loader
