// SPDX-License-Identifier: MIT
#include "session.hpp"

#include <unistd.h>

#include <array>
#include <utility>
#include <variant>

#include "messages.hpp"
#include "runtime/text.hpp"
#include "runtime/unique_fd.hpp"
#include "runtime/uuid.hpp"

namespace batch_notifier {

namespace {

using runtime::Severity;

/// The keepalived that started the plugin, among all keepalived.
const std::string own_keepalived;

/// How many bytes of FIFO lines the journal holds at most before a save empties it.
constexpr std::size_t longest_journal = 65'536;

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

core::RunIdentity identify_run(int keepalived, const sources::FifoPipe& fifo) {
  return {runtime::new_uuid(), host_name(), sources::keepalived_identity(keepalived),
          fifo.identity(), fifo.was_read_before()};
}

sources::Meeting with_journal(sources::Meeting meeting, ledger::FifoJournal& journal) {
  meeting.journal = &journal;
  return meeting;
}

std::uint32_t new_seed() {
  const auto time = runtime::read_clocks().utc.time_since_epoch().count();
  return static_cast<std::uint32_t>(time ^ getpid());
}

}  // namespace

/// The sources of one keepalived, and the sink that adds its id to their observations.
class Session::Watched final : private core::ObservationSink {
 public:
  Watched(Session& session, core::KeepalivedId keepalived, core::Topology topology,
          sources::Meeting meeting)
      : session_(session),
        keepalived_(keepalived),
        sources_({session.parts_.loop, session.parts_.log, session.engine_.statistics()},
                 std::move(topology), std::move(meeting), *this) {}

  sources::KeepalivedSources& sources() { return sources_; }

 private:
  void observe(const core::Observation& observation) override {
    const HostLog& log = session_.parts_.log;
    if (log.detailed()) {
      session_.parts_.log.write(Severity::debug,
                                "observed: " + describe(observation, sources_.topology()));
    }
    session_.feed(core::Observed{keepalived_, observation});
  }

  Session& session_;
  core::KeepalivedId keepalived_;
  sources::KeepalivedSources sources_;
};

Session::Session(const SessionParts& parts, sources::Meeting meeting, sources::HeldFifo fifo,
                 std::function<void()> stopped)
    : parts_(parts),
      meeting_(with_journal(std::move(meeting), *this)),
      fifo_(std::move(fifo)),
      stopped_(std::move(stopped)),
      run_(identify_run(meeting_.process_descriptor, fifo_.pipe)),
      former_(parts.ledger.read()),
      engine_(parts.configuration.settings, run_, new_seed(), former_, runtime::read_clocks()),
      timer_(parts.loop, [this] { feed(core::TimeReached{}); }) {
  engine_.statistics().add(core::Counter::config_problems, parts.configuration.problems.size());
  parts_.deliveries.set_finished([this](std::size_t notifier, const core::DeliveryResult& result) {
    feed(core::DeliveryFinished{notifier, result});
  });
}

Session::~Session() = default;

void Session::start() {
  const core::Topology& topology = parts_.configuration.topology;
  parts_.log.write(Severity::notice,
                   "batch_notifier " BATCH_NOTIFIER_VERSION " started: " +
                       runtime::count_text(topology.instances.size(), "instance") + ", " +
                       runtime::count_text(parts_.deliveries.size(), "notifier") + ", epoch " +
                       run_.epoch +
                       (former_.instances.empty() ? "" : ", continuing from the ledger"));
  const core::KeepalivedId own = engine_.keepalived(own_keepalived);
  feed(core::ConfigurationChanged{own, topology});
  watched_[own] = std::make_unique<Watched>(*this, own, topology, meeting_);
  sources_of(own)->start(std::exchange(fifo_, {}));
  replay_journal(own);
  feed(core::TimeReached{});
  // From here on FIFO lines in the journal are later than the ledger.
  feed(core::SaveRequested{});
}

void Session::replay_journal(core::KeepalivedId own) {
  const ledger::JournalContents journal = parts_.ledger.read_journal();
  if (journal.damaged) {
    engine_.statistics().add(core::Counter::fifo_journal_damaged);
  }
  const bool hears_fifo = sources_of(own)->fifo_open();
  if (!hears_fifo) {
    // What keepalived reported there last does not count: it may have reported more since.
    feed(core::Observed{own, core::FifoLost{}});
  }
  if (hears_fifo && core::goes_on(former_, run_)) {
    sources_of(own)->replay(journal.bytes, journal.damaged);
  } else {
    parts_.ledger.commit(0);
  }
}

std::size_t Session::append(std::string_view bytes) {
  const std::size_t waiting = parts_.ledger.append(bytes);
  if (waiting > longest_journal) {
    feed(core::SaveRequested{});
  }
  return waiting;
}

void Session::clear() {
  // First: without the journal, the former ledger would have states that no longer count.
  save();
  parts_.ledger.clear();
}

void Session::save() {
  if (parts_.ledger.is_needed()) {
    parts_.ledger.save(engine_.ledger());
  }
}

void Session::hand_over() {
  parts_.log.write(
      Severity::notice,
      "handover: a newer worker takes over: this one finishes the deliveries that are under "
      "way, and ends");
  feed(core::HandoverRequested{});
}

void Session::feed(core::Event event) {
  // Handing a batch over can fail at once, which is an event in itself: it waits its turn.
  events_.push_back(std::move(event));
  if (feeding_) {
    return;
  }
  const FeedingScope scope(feeding_);
  while (!events_.empty()) {
    const core::Event next = std::move(events_.front());
    events_.pop_front();
    for (const core::Action& action : engine_.step(next, runtime::read_clocks())) {
      perform(action);
    }
  }
  arm();
}

void Session::arm() {
  if (!running_) {
    return;
  }
  if (const std::optional<core::MonotonicTime> deadline = engine_.deadline()) {
    timer_.set(*deadline);
  } else {
    timer_.cancel();
  }
}

void Session::perform(const core::Action& action) {
  if (const auto* delivery = std::get_if<core::Deliver>(&action)) {
    parts_.deliveries.deliver(delivery->notifier, delivery->batch);
  } else if (const auto* retry = std::get_if<core::RetryScheduled>(&action)) {
    if (parts_.log.detailed()) {
      parts_.log.write(Severity::debug,
                       parts_.configuration.settings.notifiers.at(retry->notifier).name +
                           ": next attempt in " + runtime::seconds_text(retry->wait));
    }
  } else if (const auto* changed = std::get_if<core::StatusChanged>(&action)) {
    if (parts_.log.detailed()) {
      parts_.log.write(Severity::debug, describe(engine_.instances()[changed->instance]));
    }
  } else if (std::holds_alternative<core::SaveLedger>(action)) {
    save();
  } else if (const auto* read = std::get_if<core::ReadAddresses>(&action)) {
    if (sources::KeepalivedSources* reading = sources_of(read->keepalived)) {
      reading->read_addresses();
    }
  } else if (const auto* ask = std::get_if<core::AskDbus>(&action)) {
    if (sources::KeepalivedSources* asked = sources_of(ask->keepalived)) {
      asked->ask_dbus(ask->instances);
    }
  } else if (const auto* pin = std::get_if<core::PinFifo>(&action)) {
    if (sources::KeepalivedSources* pinned = sources_of(pin->keepalived)) {
      pinned->pin_fifo();
    }
  } else if (std::holds_alternative<core::HandOverFifo>(action)) {
    for (auto& [keepalived, watched] : watched_) {
      if (runtime::UniqueFd fifo = watched->sources().hand_over_fifo()) {
        parts_.ledger.pass_fifo_on(std::move(fifo));
      }
    }
    events_.emplace_back(core::FifoHandedOver{});
  } else if (const auto* more = std::get_if<core::AskForTime>(&action)) {
    parts_.ledger.hold_until(runtime::read_clocks().monotonic + more->within);
  } else if (const auto* completed = std::get_if<core::StopCompleted>(&action)) {
    complete_stop(completed->reason);
  }
}

void Session::complete_stop(core::StopCompleted::Reason reason) {
  running_ = false;
  switch (reason) {
    case core::StopCompleted::Reason::delivered:
      parts_.log.write(Severity::notice, "stopped: everything was delivered");
      break;
    case core::StopCompleted::Reason::handed_over:
      parts_.log.write(Severity::notice, "stopped: the next worker delivers what is pending");
      break;
    case core::StopCompleted::Reason::timed_out:
      parts_.log.write(
          Severity::warning,
          std::string("stopped: stop_timeout is over before everything was delivered: ") +
              (parts_.ledger.is_needed()
                   ? "the ledger keeps the rest for the next start"
                   : "without a state directory the rest is lost, and each consumer "
                     "gets a snapshot at the next start"));
      break;
  }
  timer_.cancel();
  stopped_();
}

sources::KeepalivedSources* Session::sources_of(core::KeepalivedId keepalived) {
  const auto found = watched_.find(keepalived);
  return found == watched_.end() ? nullptr : &found->second->sources();
}

}  // namespace batch_notifier
