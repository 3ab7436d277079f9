// SPDX-License-Identifier: MIT
/// @file
/// One plugin object from start to end: reads the configuration, asks for the state directory, and
/// begins a session once it is had. Until then nothing is observed and nothing is delivered,
/// because a former worker may still be doing both; but the FIFO is held open from the beginning.
#pragma once

#include <memory>
#include <optional>

#include "config/configuration.hpp"
#include "core/time.hpp"
#include "host_log.hpp"
#include "keepalived/plugin.h"
#include "ledger/ledger_store.hpp"
#include "notifiers/deliveries.hpp"
#include "runtime/event_loop.hpp"
#include "session.hpp"
#include "sources/fifo_keeper.hpp"
#include "sources/keepalived_sources.hpp"

namespace batch_notifier {

/// One started plugin. One thread.
class BatchNotifier final {
 public:
  /// Reads the configuration, makes the notifiers and asks for the state directory; the rest begins
  /// when that is had. A part that cannot start is logged and either retried by itself (sources) or
  /// left out (notifiers, ledger). Throws std::system_error when the configuration cannot be read
  /// or the event loop cannot be made. `host` must outlive the object.
  explicit BatchNotifier(const KeepalivedPluginHost& host);
  BatchNotifier(const BatchNotifier&) = delete;
  BatchNotifier& operator=(const BatchNotifier&) = delete;
  ~BatchNotifier();

  /// The descriptor to poll.
  [[nodiscard]] int fd() const { return loop_.fd(); }

  /// Handles what is ready. False once the plugin has stopped.
  bool dispatch();

  /// Begins to stop; see the descriptor's `stop`. Nothing: within `stop_timeout`.
  void stop(std::optional<core::Duration> within);

 private:
  void report_configuration();
  void begin();
  void hand_over();
  void end();

  HostLog log_;
  const sources::Meeting meeting_;
  runtime::EventLoop loop_;
  std::optional<runtime::InheritedFd> host_deliveries_;  // What the host gives to deliveries.
  config::Configuration configuration_;
  sources::FifoKeeper fifo_;    // Until there is a session.
  ledger::LedgerStore ledger_;  // Destroyed after the notifiers: their children end first.
  notifiers::Deliveries deliveries_;
  runtime::Timer end_timer_;  // While waiting: a stop is over. At the end: the host is to notice.
  std::unique_ptr<Session> session_;
  std::optional<core::MonotonicTime> stop_at_;  // A stop was asked for before there was a session.
  bool handing_over_ = false;
  bool running_ = true;
};

}  // namespace batch_notifier
