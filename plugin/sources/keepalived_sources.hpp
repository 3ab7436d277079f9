// SPDX-License-Identifier: MIT
/// @file
/// All sources of one keepalived: D-Bus, the notify FIFO, netlink and its process. They are made
/// for one configuration and know instances by their place in it; when the configuration changes
/// while the plugin runs, new sources take their place and read everything.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/observation.hpp"
#include "core/statistics.hpp"
#include "core/topology.hpp"
#include "ledger/fifo_journal.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/unique_fd.hpp"
#include "sources/dbus_source.hpp"
#include "sources/fifo_keeper.hpp"
#include "sources/fifo_source.hpp"
#include "sources/keepalived_process.hpp"
#include "sources/netlink_source.hpp"

namespace batch_notifier::sources {

/// What the sources share. Everything outlives them.
struct SourceContext {
  runtime::EventLoop& loop;      ///< Carries everything.
  runtime::Log& log;             ///< For messages.
  core::Statistics& statistics;  ///< For counters.
};

/// Where this keepalived can be met.
struct Meeting {
  std::string fifo_path;       ///< Its notify FIFO; empty for none.
  int process_descriptor = 0;  ///< Readable once its VRRP process has ended; 0 for none.
  ledger::FifoJournal* journal = nullptr;  ///< Where FIFO lines are journaled, or nullptr.
};

/// The sources of one keepalived.
class KeepalivedSources {
 public:
  /// `sink` must outlive the sources.
  KeepalivedSources(const SourceContext& context, core::Topology topology, Meeting meeting,
                    core::ObservationSink& sink);

  /// Begins. Never throws: a source that cannot start is logged and tries again by itself.
  /// `fifo` is the FIFO that was held open until now, if any; it is read also where keepalived can
  /// be met at none.
  void start(HeldFifo fifo);

  /// The configuration that instances are named by.
  [[nodiscard]] const core::Topology& topology() const { return topology_; }

  /// Whether the FIFO is open.
  [[nodiscard]] bool fifo_open() const { return fifo_ && fifo_->is_open(); }
  /// Takes FIFO lines that a former worker has read and not saved, as if they had just been read.
  /// `damaged`: lines were lost between them and what is read from now on.
  void replay(std::string_view bytes, bool damaged);
  /// Stays with the FIFO that is open.
  void pin_fifo();
  /// Reads no more of the FIFO, and gives it away for the worker that takes over; none if none is
  /// open (FifoSource::hand_over()).
  runtime::UniqueFd hand_over_fifo();
  /// Reads all addresses again.
  void read_addresses();
  /// Asks for these instances over D-Bus.
  void ask_dbus(const std::vector<core::InstanceIndex>& instances);

 private:
  const SourceContext context_;
  const core::Topology topology_;
  const Meeting meeting_;
  core::ObservationSink& sink_;
  std::optional<KeepalivedProcess> process_;
  std::unique_ptr<NetlinkSource> netlink_;
  std::unique_ptr<FifoSource> fifo_;
  std::unique_ptr<DbusSource> dbus_;
};

}  // namespace batch_notifier::sources
