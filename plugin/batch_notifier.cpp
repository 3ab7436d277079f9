// SPDX-License-Identifier: MIT
#include "batch_notifier.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>
#include <variant>

#include "core/deadlines.hpp"
#include "host_configuration.hpp"
#include "messages.hpp"
#include "notifiers/notifier_factory.hpp"
#include "runtime/file_identity.hpp"
#include "runtime/uuid.hpp"

namespace batch_notifier {

namespace {

using runtime::Severity;

/// How long a delivery that is under way may hold up the next worker, and with it all consumers.
constexpr core::Duration longest_handover{10'000'000};
/// How much sooner a worker that hands over is gone than it has asked the next one to wait.
constexpr core::Duration handover_margin{500'000};
/// How much later than a change the ledger may be: a crash in between costs the number of
/// transitions, and never a state. Before a delivery and after its answer it is written at once.
constexpr core::Duration save_after_change{1'000'000};

/// Marks a stretch of code, however it is left.
class FeedingScope {
 public:
  explicit FeedingScope(bool& feeding) : feeding_(feeding) { feeding_ = true; }
  FeedingScope(const FeedingScope&) = delete;
  FeedingScope& operator=(const FeedingScope&) = delete;
  ~FeedingScope() { feeding_ = false; }

 private:
  bool& feeding_;
};

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace

BatchNotifier::BatchNotifier(const KeepalivedPluginHost& host)
    : log_(host),
      fifo_path_(host.fifo_path != nullptr ? host.fifo_path : ""),
      keepalived_descriptor_(host.keepalived),
      configuration_(read_host_configuration(host)),
      ledger_(loop_, log_,
              [this] { return engine_ ? std::optional(engine_->ledger()) : std::nullopt; }),
      timer_(loop_, [this] { on_timer(); }) {
  for (const config::Problem& problem : configuration_.problems) {
    log_.write(Severity::error, place(problem.location) + problem.message);
  }
  if (host.deliveries > 0) {
    deliveries_.emplace(loop_, host.deliveries);
  }
  make_notifiers();
  std::optional<core::MonotonicTime> started;
  if (host.started_us > 0) {
    started = core::MonotonicTime(core::Duration(host.started_us));
  }
  const auto outlived = [this] {
    log_.write(Severity::notice, "a newer worker is at work: nothing to do");
    end();
  };
  if (!ledger_.open(host.state_dir,
                    {[this] { begin(); }, [this] { take_over_requested(); }, outlived}, started)) {
    begin();
  }
}

BatchNotifier::~BatchNotifier() = default;

void BatchNotifier::begin() {
  const core::RunIdentity run{
      runtime::new_uuid(), host_name(), sources::keepalived_identity(keepalived_descriptor_),
      runtime::file_identity(fifo_path_), sources::was_read_before(fifo_path_)};
  const core::Now now = runtime::read_clocks();
  const auto seed = static_cast<std::uint32_t>(now.utc.time_since_epoch().count() ^ getpid());
  const core::Ledger former = ledger_.read();
  const std::optional<std::string> kept = ledger_.kept();
  topology_ = core::with_removed(configuration_.topology, former);
  engine_.emplace(topology_, configuration_.settings, run, seed, former, now);
  engine_->statistics().add(core::Counter::config_problems, configuration_.problems.size());
  log_.write(Severity::notice,
             "batch_notifier " BATCH_NOTIFIER_VERSION " started: " +
                 std::to_string(configuration_.topology.instances.size()) + " instances, " +
                 std::to_string(consumers_.size()) + " notifiers, epoch " + run.epoch +
                 (former.instances.empty() ? "" : ", going on from a former run"));
  start_sources();
  const bool hears_fifo = kept && fifo_ && fifo_->is_open();
  if (!hears_fifo) {
    // What was said there last cannot stand: more may have been said, or nothing will be heard.
    feed(core::Observation(core::FifoLost{}));
  }
  if (hears_fifo && core::goes_on(former, run)) {
    fifo_->replay(*kept);
  } else {
    ledger_.settle(0);
  }
  feed(core::TimeReached{});
  // What is not configured any more has no share in it, and what is read from now on belongs to it.
  ledger_.save();
  if (stop_at_) {
    const core::Duration time_left = *stop_at_ - runtime::read_clocks().monotonic;
    feed(core::StopRequested{std::max(time_left, core::Duration::zero())});
  }
}

void BatchNotifier::end() {
  running_ = false;
  // So that the host dispatches once more and is told.
  timer_.set(core::MonotonicTime());
}

void BatchNotifier::on_timer() {
  if (engine_) {
    feed(core::TimeReached{});
  } else {
    // A stop has waited in vain for the former worker, whose ledger stays as it is.
    end();
  }
}

void BatchNotifier::take_over_requested() {
  log_.write(Severity::notice, "another worker takes over");
  if (fifo_) {
    fifo_->hand_over();
  }
  // A delivery that is under way may end as it does at a stop; nothing else is waited for.
  const core::Duration within = std::min(configuration_.settings.stop_timeout, longest_handover);
  ledger_.hold_until(runtime::read_clocks().monotonic + within + handover_margin);
  feed(core::HandoverRequested{within});
}

void BatchNotifier::make_notifiers() {
  std::vector<core::NotifierSettings> usable;
  for (core::NotifierSettings& settings : configuration_.settings.notifiers) {
    try {
      Consumer consumer;
      consumer.notifier = notifiers::make_notifier(loop_, log_, settings);
      consumers_.push_back(std::move(consumer));
      usable.push_back(std::move(settings));
    } catch (const std::exception& error) {
      log_.write(Severity::error, std::string(error.what()) + "; this notifier is left out");
    }
  }
  configuration_.settings.notifiers = std::move(usable);
  if (consumers_.empty()) {
    log_.write(Severity::warning,
               "nobody is to be told: no @batch_notifier line names a usable notifier");
  }
}

void BatchNotifier::start_sources() {
  core::Statistics& statistics = engine_->statistics();
  core::ObservationSink& sink = *this;
  netlink_ = std::make_unique<sources::NetlinkSource>(loop_, log_, statistics,
                                                      configuration_.topology, sink);
  netlink_->start();
  if (!fifo_path_.empty()) {
    fifo_ = std::make_unique<sources::FifoSource>(loop_, log_, statistics, configuration_.topology,
                                                  sink, fifo_path_, &ledger_);
    fifo_->start();
  }
  keepalived_.emplace(loop_, log_, sink, keepalived_descriptor_);
  if (fifo_) {
    fifo_->stop_reading_when([this] { return keepalived_->ended(); });
  }
  if (!configuration_.topology.dbus_enabled) {
    log_.write(Severity::warning,
               "enable_dbus is not set in global_defs: states are taken from the notify FIFO and "
               "the kernel");
    return;
  }
  dbus_ = std::make_unique<sources::DbusSource>(loop_, log_, statistics, configuration_.topology,
                                                sink, sources::DbusSource::Options{});
  dbus_->start();
}

bool BatchNotifier::dispatch() {
  loop_.dispatch();
  return running_;
}

void BatchNotifier::stop(std::optional<core::Duration> within) {
  log_.write(Severity::notice, "stopping: the last states are awaited and told");
  const core::Duration time_left = within.value_or(configuration_.settings.stop_timeout);
  if (engine_) {
    if (fifo_) {
      fifo_->stay();
    }
    feed(core::StopRequested{time_left});
    return;
  }
  // Waiting for the state directory: what a former worker has not told is told after that.
  const core::MonotonicTime stop_at = runtime::read_clocks().monotonic + time_left;
  stop_at_ = core::earliest(stop_at_, stop_at);
  timer_.set(*stop_at_);
}

void BatchNotifier::observe(const core::Observation& observation) {
  if (log_.detailed()) {
    log_.write(Severity::debug, "observed: " + describe(observation, configuration_.topology));
  }
  feed(observation);
  // keepalived starts its script anew with every FIFO that it makes.
  const bool has_its_fifo =
      keepalived_descriptor_ > 0 && std::holds_alternative<core::FifoOpened>(observation);
  if (fifo_ && (has_its_fifo || std::holds_alternative<core::KeepalivedEnded>(observation))) {
    fifo_->stay();
  }
  if (const auto* lost = std::get_if<core::FifoLost>(&observation);
      lost != nullptr && !lost->closed && netlink_) {
    // Lines were lost, so what the kernel knows has to do until the next ones.
    netlink_->resync();
  }
}

void BatchNotifier::feed(core::Event event) {
  if (!engine_) {
    return;
  }
  // Handing a batch over can fail at once, which is an event in itself: it waits its turn.
  events_.push_back(std::move(event));
  if (feeding_) {
    return;
  }
  const FeedingScope scope(feeding_);
  while (!events_.empty()) {
    const core::Event next = std::move(events_.front());
    events_.pop_front();
    const std::vector<core::Action> actions = engine_->step(next, runtime::read_clocks());
    // Before a consumer sees anything, it is on the ledger that it may have.
    const bool delivers = std::any_of(actions.begin(), actions.end(), [](const auto& action) {
      return std::holds_alternative<core::Deliver>(action);
    });
    if (delivers) {
      ledger_.save();
    }
    for (const core::Action& action : actions) {
      perform(action);
    }
  }
  if (!running_) {
    return;
  }
  if (const std::optional<core::MonotonicTime> deadline = engine_->deadline()) {
    timer_.set(*deadline);
  } else {
    timer_.cancel();
  }
}

void BatchNotifier::perform(const core::Action& action) {
  if (const auto* delivery = std::get_if<core::Deliver>(&action)) {
    deliver(*delivery);
  } else if (const auto* retry = std::get_if<core::RetryScheduled>(&action)) {
    if (log_.detailed()) {
      log_.write(Severity::debug, configuration_.settings.notifiers.at(retry->notifier).name +
                                      ": next attempt in " + in_seconds(retry->wait));
    }
  } else if (const auto* changed = std::get_if<core::StatusChanged>(&action)) {
    ledger_.save_within(save_after_change);
    if (log_.detailed()) {
      log_.write(Severity::debug, describe(topology_.instances[changed->instance],
                                           engine_->statuses()[changed->instance]));
    }
  } else if (const auto* completed = std::get_if<core::StopCompleted>(&action)) {
    end();
    ledger_.save();
    log_.write(completed->everything_delivered ? Severity::notice : Severity::warning,
               completed->everything_delivered
                   ? "stopped: everything has been delivered"
                   : "stopped: the time is up and not everything has been delivered");
  }
}

void BatchNotifier::deliver(const core::Deliver& delivery) {
  Consumer& consumer = consumers_.at(delivery.notifier);
  consumer.in_flight = delivery.batch;
  try {
    consumer.notifier->deliver(
        delivery.batch, [this, index = delivery.notifier](const core::DeliveryResult& result) {
          finish(index, result);
        });
  } catch (const std::exception& error) {
    finish(delivery.notifier, {core::DeliveryStatus::unseen, error.what(), std::nullopt});
  }
}

void BatchNotifier::finish(std::size_t notifier, const core::DeliveryResult& result) {
  log_result(configuration_.settings.notifiers.at(notifier), consumers_.at(notifier), result);
  feed(core::DeliveryFinished{notifier, result});
  // In the next round, together with other answers of this one.
  ledger_.save_within(core::Duration::zero());
}

void BatchNotifier::log_result(const core::NotifierSettings& settings, Consumer& consumer,
                               const core::DeliveryResult& result) {
  const std::string subject = settings.name + ": " + describe(consumer.in_flight);
  consumer.in_flight.changes.clear();
  if (result.status == core::DeliveryStatus::delivered) {
    const bool recovered = !consumer.last_failure.empty();
    consumer.last_failure.clear();
    log_.write(recovered ? Severity::notice : Severity::info,
               subject + (recovered ? " delivered: it works again" : " delivered"));
    return;
  }
  if (result.status == core::DeliveryStatus::refused) {
    log_.write(Severity::error, subject + " was refused for good and is dropped: " + result.reason);
    return;
  }
  // One message per reason: a consumer that is down for a night must not fill the log.
  if (consumer.last_failure != result.reason) {
    consumer.last_failure = result.reason;
    log_.write(Severity::warning, place(settings.location) + subject + " failed: " + result.reason +
                                      "; it is retried until it succeeds");
  }
}

}  // namespace batch_notifier
