// SPDX-License-Identifier: MIT
/// @file
/// The plugin at work: engine, sources and notifiers, connected. It exists only while this worker
/// owns the state directory (or there is none), so none of its parts is ever missing. It decides
/// nothing: it hands events to the engine and carries its actions out in order.
///
///     sources --Observed--> engine --Deliver--> notifiers
///                             ^--DeliveryFinished--'
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string_view>

#include "config/configuration.hpp"
#include "core/engine.hpp"
#include "host_log.hpp"
#include "ledger/fifo_journal.hpp"
#include "ledger/ledger_store.hpp"
#include "notifiers/deliveries.hpp"
#include "runtime/event_loop.hpp"
#include "sources/fifo_keeper.hpp"
#include "sources/keepalived_sources.hpp"

namespace batch_notifier {

/// What a session is made of. Everything outlives it.
struct SessionParts {
  runtime::EventLoop& loop;                    ///< Carries everything.
  HostLog& log;                                ///< For messages.
  const config::Configuration& configuration;  ///< Instances and settings.
  ledger::LedgerStore& ledger;                 ///< What outlives a worker.
  notifiers::Deliveries& deliveries;           ///< The notifiers.
};

/// One session. One thread.
class Session final : private ledger::FifoJournal {
 public:
  /// `stopped` is called once, from inside another call or from the loop, when there is nothing
  /// left to do. start() follows.
  /// `fifo` is the FIFO that was held open until now, if any.
  Session(const SessionParts& parts, sources::Meeting meeting, sources::HeldFifo fifo,
          std::function<void()> stopped);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() override;

  /// Goes on from the ledger, starts the sources and delivers what is due. Never throws for a
  /// source that cannot start.
  void start();

  /// Begins to stop, within this time at most.
  void stop(core::Duration within) { feed(core::StopRequested{within}); }
  /// Another worker takes over.
  void hand_over();

 private:
  /// One keepalived whose sources report here.
  class Watched;

  std::size_t append(std::string_view bytes) override;
  void commit(std::size_t rest) override { parts_.ledger.commit(rest); }
  void clear() override;

  void replay_journal(core::KeepalivedId own);
  void save();
  void feed(core::Event event);
  void perform(const core::Action& action);
  void complete_stop(core::StopCompleted::Reason reason);
  void arm();
  /// Nothing for a keepalived of which only the ledger knows.
  sources::KeepalivedSources* sources_of(core::KeepalivedId keepalived);

  const SessionParts parts_;
  const sources::Meeting meeting_;
  sources::HeldFifo fifo_;  ///< Until start().
  const std::function<void()> stopped_;
  const core::RunIdentity run_;
  const core::Ledger former_;
  core::Engine engine_;
  runtime::Timer timer_;
  std::deque<core::Event> events_;
  bool feeding_ = false;
  bool running_ = true;
  std::map<core::KeepalivedId, std::unique_ptr<Watched>> watched_;
};

}  // namespace batch_notifier
