// SPDX-License-Identifier: MIT
/// @file
/// Random programs of events for the whole engine, under a simple model of its consumers. After
/// any program, once every delivery succeeds and time has passed, each consumer must know what is.
///
/// BATCHER_TRACE=1 in the environment prints the events of a program as they happen.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/engine.hpp"
#include "tests/fuzz/batcher_setup.hpp"
#include "tests/fuzz/consumer_model.hpp"
#include "tests/fuzz/event_text.hpp"
#include "tests/fuzz/finding.hpp"
#include "tests/fuzz/program_bytes.hpp"

namespace batch_notifier::fuzz {

namespace {

using core::DeliveryStatus;
using core::Duration;
using core::Observation;
using core::VrrpState;
using core::Witness;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds time_to_settle{400};
constexpr int rounds_at_once_max = 32;
constexpr std::size_t events_max = 400;

constexpr std::array<VrrpState, 8> reported{
    VrrpState::backup, VrrpState::master, VrrpState::fault,   VrrpState::stop,
    VrrpState::master, VrrpState::backup, VrrpState::deleted, VrrpState::init};
constexpr std::array<DeliveryStatus, 5> answers{DeliveryStatus::delivered, DeliveryStatus::failed,
                                                DeliveryStatus::unseen, DeliveryStatus::refused,
                                                DeliveryStatus::off};
constexpr std::array<Duration, 8> pauses{milliseconds(1),    milliseconds(100), milliseconds(500),
                                         seconds(1),         seconds(2),        seconds(5),
                                         milliseconds(1200), seconds(30)};

/// One run of one engine.
class Program {
 public:
  explicit Program(ProgramBytes bytes)
      : bytes_(bytes),
        topology_(take_topology(bytes_)),
        configured_(topology_),
        settings_(take_settings(bytes_)) {
    for (const core::NotifierSettings& notifier : settings_.notifiers) {
      consumers_.emplace_back(topology_, settings_, notifier);
    }
    begin_run({});
  }

  void run() {
    for (std::size_t count = 0; count < events_max && !bytes_.empty(); ++count) {
      take_event();
    }
    settle();
  }

 private:
  [[nodiscard]] core::Now clocks() const {
    return {core::MonotonicTime(std::chrono::hours(1) + elapsed_),
            core::UtcTime(std::chrono::hours(24 * 365 * 50) + elapsed_)};
  }

  void take_event() {
    switch (bytes_.below(16)) {
      case 0:
      case 1:
        return observe(core::StateSeen{Witness::dbus, instance(), bytes_.choose(reported),
                                       bytes_.below(4) == 3, std::nullopt});
      case 2:
        return observe_fifo();
      case 3:
        return observe(core::DbusOwnerFound{});
      case 4:
        return observe(core::DbusReadComplete{});
      case 5:
        return observe(core::DbusInstanceAbsent{instance()});
      case 6:
        return observe(core::DbusOwnerLost{});
      case 7:
        return observe(core::DbusBusLost{});
      case 8: {
        const auto present = static_cast<std::uint32_t>(bytes_.below(3));
        return observe(core::VipsSeen{instance(), present, present > 0});
      }
      case 9:
        return observe(core::KernelReadComplete{});
      case 10:
        return observe(core::KernelLost{});
      case 11:
        return pass(bytes_.choose(pauses));
      case 12:
        // The loop was busy: what is due is late, and something else may come before it.
        elapsed_ += bytes_.choose(pauses);
        return;
      case 13:
        return answer(bytes_.below(consumers_.size()), bytes_.choose(answers));
      case 14:
        return fail_over(bytes_.choose(reported));
      default:
        return request(bytes_.below(8));
    }
  }

  core::InstanceIndex instance() {
    return bytes_.below(std::max<std::size_t>(configured_.instances.size(), 1));
  }

  void observe(const Observation& observation) {
    // Without an instance there is nothing to observe of one.
    if (!configured_.instances.empty()) {
      step(core::Observed{own(), observation});
    }
  }

  core::KeepalivedId own() { return engine_->keepalived(""); }

  /// Adds or removes one instance.
  void reconfigure(std::size_t number) {
    core::Topology changed = configured_;
    changed.instances.clear();
    for (const core::Instance& each : topology_.instances) {
      const bool present =
          std::any_of(configured_.instances.begin(), configured_.instances.end(),
                      [&](const core::Instance& other) { return other.name == each.name; });
      if (present != (each.name == topology_.instances[number].name)) {
        changed.instances.push_back(each);
      }
    }
    configured_ = changed;
    step(core::ConfigurationChanged{own(), configured_});
  }

  void observe_priority(const core::PrioritySeen& seen) {
    if (seen.contested && !configured_.instances.empty()) {
      for (ConsumerModel& each : consumers_) {
        each.note_contest(configured_.instances[seen.instance].name);
      }
    }
    observe(seen);
  }

  void observe_fifo() {
    const auto priority = static_cast<std::uint8_t>(100 + bytes_.below(3));
    switch (bytes_.below(11)) {
      case 8:
        return observe(core::KeepalivedEnded{});
      case 9:
        return observe(core::FifoLost{true});
      case 10:
        return observe(core::KeepalivedWatched{});
      case 5:
        return observe(core::FifoOpened{});
      case 6:
        return observe(core::FifoLost{});
      case 7:
        return observe_priority(core::PrioritySeen{instance(), priority, priority == 102});
      default:
        return observe(
            core::StateSeen{Witness::fifo, instance(), bytes_.choose(reported), false, priority});
    }
  }

  void fail_over(VrrpState state) {
    for (core::InstanceIndex index = 0; index < configured_.instances.size(); ++index) {
      const std::size_t vips = configured_.instances[index].vips.size();
      const auto present = static_cast<std::uint32_t>(state == VrrpState::master ? vips : 0);
      observe(core::VipsSeen{index, present, present > 0});
      observe(core::StateSeen{Witness::dbus, index, state, false, std::nullopt});
    }
  }

  void answer(std::size_t notifier, DeliveryStatus status) {
    std::optional<Duration> retry_after;
    if (status == DeliveryStatus::unseen && bytes_.below(4) == 3) {
      retry_after = seconds(90);
    }
    std::vector<std::size_t> acknowledged;
    if (consumers_[notifier].busy() && !stopped_) {
      if (status == DeliveryStatus::failed && bytes_.below(2) == 1) {
        acknowledged.push_back(bytes_.below(consumers_[notifier].in_flight().changes.size()));
      }
      consumers_[notifier].finish(status, acknowledged);
    }
    step(core::DeliveryFinished{notifier, {status, "", retry_after, acknowledged}});
  }

  void request(std::size_t kind) {
    if (kind == 7) {
      reconfigure(bytes_.below(topology_.instances.size()));
    } else if (kind == 0) {
      std::for_each(consumers_.begin(), consumers_.end(), [](auto& each) { each.hurry(); });
      step(core::StopRequested{bytes_.choose(pauses)});
    } else if (kind == 1) {
      step(core::HandoverRequested{});
      handing_over_ = true;
      step(core::FifoHandedOver{});
    } else if (kind < 5) {
      std::for_each(consumers_.begin(), consumers_.end(), [](auto& each) { each.hasten(); });
      step(core::FlushRequested{});
    } else {
      trace_restart(elapsed_);
      const core::Ledger ledger = engine_->ledger();
      std::for_each(consumers_.begin(), consumers_.end(), [](auto& each) { each.begin_run(); });
      begin_run(ledger);
    }
  }

  void begin_run(const core::Ledger& former) {
    ++runs_;
    engine_.emplace(settings_,
                    core::RunIdentity{"epoch" + std::to_string(runs_), "node1", "1 1", "1:1", true},
                    1U, former, clocks());
    stopped_ = false;
    handing_over_ = false;
    step(core::ConfigurationChanged{own(), configured_});
  }

  /// Lets time pass as the event loop would: every deadline is kept.
  void pass(Duration duration) {
    const Duration end = elapsed_ + duration;
    int rounds_at_once = 0;
    while (const std::optional<core::MonotonicTime> deadline = engine_->deadline()) {
      const Duration due = *deadline - core::MonotonicTime(std::chrono::hours(1));
      if (due > end) {
        break;
      }
      rounds_at_once = due > elapsed_ ? 0 : rounds_at_once + 1;
      require(rounds_at_once <= rounds_at_once_max, "the engine comes to rest");
      elapsed_ = std::max(elapsed_, due);
      const bool acted = step(core::TimeReached{});
      const auto next = engine_->deadline();
      require(acted || !next || *next > clocks().monotonic, "no deadline stays in the past");
      if (settling_) {
        answer_all();
      }
    }
    elapsed_ = end;
  }

  bool step(const core::Event& event) {
    trace(event, elapsed_);
    const std::vector<core::Action> actions = engine_->step(event, clocks());
    require(!stopped_ || actions.empty(), "nothing happens after the stop");
    for (const core::Action& action : actions) {
      trace(action);
      if (const auto* delivery = std::get_if<core::Deliver>(&action)) {
        require(!handing_over_, "nothing is sent once another worker takes over");
        consumers_.at(delivery->notifier).take(delivery->batch, *engine_, clocks());
      } else if (const auto* changed = std::get_if<core::StatusChanged>(&action)) {
        // The loss of keepalived itself does not wait for batch_interval.
        const core::InstanceRow& row = engine_->instances()[changed->instance];
        for (ConsumerModel& each : consumers_) {
          each.note_change(row.configured.name);
          if (row.status.cause == core::Cause::lost) {
            each.hasten();
          }
        }
      } else if (const auto* completed = std::get_if<core::StopCompleted>(&action)) {
        stopped_ = true;
        if (completed->reason == core::StopCompleted::Reason::delivered) {
          require_up_to_date();
        }
      }
    }
    return !actions.empty();
  }

  // One's answer can be the moment at which another one's next batch is due.
  void answer_all() {
    const auto is_busy = [](const ConsumerModel& each) { return each.busy(); };
    auto busy = std::find_if(consumers_.begin(), consumers_.end(), is_busy);
    while (busy != consumers_.end() && !stopped_) {
      busy->finish(DeliveryStatus::delivered, {});
      step(core::DeliveryFinished{static_cast<std::size_t>(busy - consumers_.begin()), {}});
      busy = std::find_if(consumers_.begin(), consumers_.end(), is_busy);
    }
  }

  void settle() {
    settling_ = true;
    answer_all();
    pass(time_to_settle);
    if (!stopped_) {
      require_up_to_date();
    }
    require(!stopped_ || !engine_->deadline(), "a stopped engine waits for nothing");
  }

  void require_up_to_date() const {
    for (const ConsumerModel& consumer : consumers_) {
      consumer.require_up_to_date(*engine_);
    }
  }

  ProgramBytes bytes_;
  const core::Topology topology_;  // All instances that there can be.
  core::Topology configured_;      // Those that there are.
  core::Settings settings_;
  Duration elapsed_{0};
  std::optional<core::Engine> engine_;
  unsigned runs_ = 0;
  std::vector<ConsumerModel> consumers_;
  bool settling_ = false;
  bool stopped_ = false;
  bool handing_over_ = false;
};

}  // namespace

}  // namespace batch_notifier::fuzz

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace batch_notifier::fuzz;
  Program(ProgramBytes(data, size)).run();
  return 0;
}
