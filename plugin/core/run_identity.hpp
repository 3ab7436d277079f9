// SPDX-License-Identifier: MIT
/// @file
/// Which run this is, and of what. A worker that follows another has to know whether it serves the
/// same keepalived by the same FIFO.
#pragma once

#include <string>

namespace batch_notifier::core {

/// What does not change during a run.
struct RunIdentity {
  std::string epoch;       ///< UUID of this run, in every batch.
  std::string host;        ///< Node name, in every batch.
  std::string keepalived;  ///< Which keepalived process is served; empty where that is not known.
  std::string fifo;        ///< Which FIFO it reports on; empty for none.
  /// The pipe in that FIFO is one that a former run has read, so that what was written into it
  /// since is still there. Without a process that has it open, a FIFO forgets what is in it.
  bool fifo_unbroken = false;
};

}  // namespace batch_notifier::core
