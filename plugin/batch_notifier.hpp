// SPDX-License-Identifier: MIT
/// @file
/// The composition root: makes the parts, connects them, and carries the core's decisions out. It
/// decides nothing itself.
///
///     sources --Observation--> engine --Deliver--> notifiers
///                                ^--DeliveryFinished--'
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "core/engine.hpp"
#include "host_log.hpp"
#include "keepalived/plugin.h"
#include "ledger_keeper.hpp"
#include "notifiers/notifier.hpp"
#include "runtime/event_loop.hpp"
#include "sources/dbus_source.hpp"
#include "sources/fifo_source.hpp"
#include "sources/keepalived_process.hpp"
#include "sources/netlink_source.hpp"

namespace batch_notifier {

/// One started plugin. One thread.
class BatchNotifier final : private core::ObservationSink {
 public:
  /// Reads the configuration, makes the notifiers and asks for the state directory; the rest begins
  /// when that is had. A part that cannot start is logged and either retried by itself (sources) or
  /// left out (notifiers, ledger). Throws std::system_error when the configuration cannot be read
  /// or the event loop cannot be made. `host` must outlive the object.
  explicit BatchNotifier(const KeepalivedPluginHost& host);
  BatchNotifier(const BatchNotifier&) = delete;
  BatchNotifier& operator=(const BatchNotifier&) = delete;
  ~BatchNotifier() override;

  /// The descriptor to poll.
  [[nodiscard]] int fd() const { return loop_.fd(); }

  /// Handles what is ready. False once the plugin has stopped.
  bool dispatch();

  /// Begins to stop; see the descriptor's `stop`. Nothing: within `stop_timeout`.
  void stop(std::optional<core::Duration> within);

 private:
  /// One consumer, with what the log needs to know of its past.
  struct Consumer {
    std::unique_ptr<notifiers::Notifier> notifier;
    std::string last_failure;
    core::Batch in_flight;
  };

  void observe(const core::Observation& observation) override;
  void begin();
  void take_over_requested();
  void on_timer();
  void end();
  void make_notifiers();
  void start_sources();
  void feed(core::Event event);
  void perform(const core::Action& action);
  void deliver(const core::Deliver& delivery);
  void finish(std::size_t notifier, const core::DeliveryResult& result);
  void log_result(const core::NotifierSettings& settings, Consumer& consumer,
                  const core::DeliveryResult& result);

  HostLog log_;
  const std::string fifo_path_;
  const int keepalived_descriptor_;
  runtime::EventLoop loop_;
  std::optional<runtime::InheritedFd> deliveries_;  ///< The host's, for those who deliver.
  config::Configuration configuration_;
  core::Topology topology_;  ///< As configured, and what has been removed since the former run.
  LedgerKeeper ledger_;      ///< Let go of after the consumers have ended.
  std::vector<Consumer> consumers_;
  std::optional<core::Engine> engine_;
  runtime::Timer timer_;
  std::deque<core::Event> events_;
  bool feeding_ = false;
  bool running_ = true;
  std::optional<core::MonotonicTime> stop_at_;  ///< Asked for before the engine was there.
  std::unique_ptr<sources::DbusSource> dbus_;
  std::unique_ptr<sources::NetlinkSource> netlink_;
  std::unique_ptr<sources::FifoSource> fifo_;
  std::optional<sources::KeepalivedProcess> keepalived_;
};

}  // namespace batch_notifier
