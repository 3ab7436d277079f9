// SPDX-License-Identifier: MIT
#include "batch_notifier.hpp"

#include <algorithm>
#include <utility>

#include "core/deadlines.hpp"
#include "host_configuration.hpp"
#include "runtime/text.hpp"

namespace batch_notifier {

namespace {

using runtime::Severity;

core::MonotonicTime started_at(const KeepalivedPluginHost& host) {
  return host.started_us > 0 ? core::MonotonicTime(core::Duration(host.started_us))
                             : runtime::read_clocks().monotonic;
}

}  // namespace

BatchNotifier::BatchNotifier(const KeepalivedPluginHost& host)
    : log_(host),
      meeting_{host.fifo_path != nullptr ? host.fifo_path : "", host.keepalived},
      configuration_(read_host_configuration(host)),
      fifo_(loop_, meeting_.fifo_path, host.fifo),
      ledger_(loop_, log_),
      deliveries_(loop_, log_, configuration_.settings),
      end_timer_(loop_, [this] { end(); }) {
  report_configuration();
  if (host.deliveries > 0) {
    host_deliveries_.emplace(loop_, host.deliveries);
  }
  const auto outlived = [this] {
    log_.write(Severity::notice, "handover: a newer worker is at work: this one ends");
    end();
  };
  ledger_.open(host.state_dir, host.config_path,
               {[this] { begin(); }, [this] { hand_over(); }, outlived}, started_at(host));
}

BatchNotifier::~BatchNotifier() = default;

void BatchNotifier::report_configuration() {
  for (const config::Problem& problem : configuration_.problems) {
    log_.write(Severity::error, runtime::location_prefix(problem.location) + problem.message);
  }
  for (const config::Problem& warning : configuration_.warnings) {
    const bool placed = warning.location.line != 0;
    log_.write(Severity::warning,
               (placed ? runtime::location_prefix(warning.location) : "") + warning.message);
  }
}

void BatchNotifier::begin() {
  session_ =
      std::make_unique<Session>(SessionParts{loop_, log_, configuration_, ledger_, deliveries_},
                                meeting_, fifo_.take(ledger_.take_fifo()), [this] { end(); });
  session_->start();
  if (ledger_.is_awaited()) {
    // What this worker's FIFO holds goes on to the next one by the ledger.
    hand_over();
  }
  if (stop_at_) {
    end_timer_.cancel();
    const core::Duration time_left = *stop_at_ - runtime::read_clocks().monotonic;
    session_->stop(std::max(time_left, core::Duration::zero()));
  }
}

void BatchNotifier::hand_over() {
  if (session_ && !std::exchange(handing_over_, true)) {
    session_->hand_over();
  }
}

void BatchNotifier::end() {
  running_ = false;
  // So that the host dispatches once more and is told.
  if (!end_timer_.deadline()) {
    end_timer_.set(core::MonotonicTime());
  }
}

bool BatchNotifier::dispatch() {
  loop_.dispatch();
  return running_;
}

void BatchNotifier::stop(std::optional<core::Duration> within) {
  log_.write(Severity::notice, "stopping: waiting for keepalived's last states to deliver them");
  const core::Duration time_left = within.value_or(configuration_.settings.stop_timeout);
  if (session_) {
    session_->stop(time_left);
    return;
  }
  // A former worker still has the state directory. What it leaves is delivered after that. This
  // FIFO's last lines are for this worker, and the next one at its path is not.
  fifo_.pin();
  const core::MonotonicTime stop_at = runtime::read_clocks().monotonic + time_left;
  stop_at_ = core::earliest(stop_at_, stop_at);
  end_timer_.set(*stop_at_);
}

}  // namespace batch_notifier
