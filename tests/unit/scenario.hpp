// SPDX-License-Identifier: MIT
/// @file
/// A stage for the engine: a clock that only the test moves, instances by name, and consumers that
/// answer as told. A scenario reads as a list of what happens when, and what was told.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/engine.hpp"

namespace batch_notifier::tests {

/// Plays events to an engine and keeps what it does.
class Scenario {
 public:
  /// Reference for times: seconds since the start of the scenario.
  using Seconds = double;

  /// One attempt that the engine made.
  struct Attempt {
    Seconds at = 0;     ///< When.
    core::Batch batch;  ///< What.
  };

  core::Topology topology;  ///< To be filled in before begin(), or before configure().
  core::Settings settings;  ///< To be filled in before begin(); has no notifier at first.
  core::Ledger former;      ///< What an earlier run left; to be filled in before begin().

  std::string keepalived = "100 200";  ///< Which keepalived the run serves.
  std::string fifo = "8:1";            ///< Which FIFO it is heard by, unbroken.

  Scenario();

  /// Adds an instance with `vips` IPv4 VIPs on eth0 and an advert interval of one second.
  core::Instance& add_instance(const std::string& name, std::size_t vips = 1);
  /// Adds a notify_batch notifier.
  core::NotifierSettings& add_notifier();
  /// Makes the engine, at time 0.
  void begin();
  /// begin(), then D-Bus with all instances in `state` and the kernel with the VIPs that belong to
  /// it, and the first snapshot told to all.
  void begin_settled(core::VrrpState state = core::VrrpState::backup);

  /// The configuration is read anew: `topology` as it is now.
  void configure();

  /// Moves the clock on, with every deadline on the way kept.
  void advance_to(Seconds time);
  /// advance_to() relative to now.
  void advance(Seconds duration) { advance_to(now_ + duration); }

  /// Hands any event in.
  void happen(const core::Event& event);
  /// A source of the keepalived observes something.
  void happen(const core::Observation& observation);
  /// The FIFO is handed over as the composition root does it.
  void hand_over();
  /// A D-Bus signal.
  void signal(const std::string& name, core::VrrpState state);
  /// A D-Bus signal, with the kernel's addresses changing first as keepalived does it.
  void change(const std::string& name, core::VrrpState state);
  /// An answer on D-Bus.
  void answer(const std::string& name, core::VrrpState state);
  /// The kernel has so many of the instance's VIPs, the first among them if any.
  void addresses(const std::string& name, std::uint32_t present);

  /// How the notifier answers from now on; nothing: it does not answer until finish().
  void answer_with(std::size_t notifier, std::optional<core::DeliveryStatus> status);
  /// Answers the delivery in flight.
  void finish(std::size_t notifier, const core::DeliveryResult& result);

  /// What a notifier was handed, in order.
  std::vector<Attempt>& attempts(std::size_t notifier = 0) { return attempts_[notifier]; }
  /// The newest batch that a notifier was handed; fails the test if there is none.
  const core::Batch& last(std::size_t notifier = 0);
  /// Entry of an instance in a batch, if it has one.
  static std::optional<core::Change> entry(const core::Batch& batch, const std::string& name);
  /// The actions of one kind that the engine wanted done, counted.
  template <typename Action>
  std::size_t wanted() const {
    return static_cast<std::size_t>(std::count_if(
        actions_.begin(), actions_.end(),
        [](const core::Action& action) { return std::holds_alternative<Action>(action); }));
  }
  /// Whether the engine said that it has stopped, and with everything delivered or not.
  [[nodiscard]] std::optional<bool> stopped() const { return stopped_; }
  /// Why it said so.
  [[nodiscard]] std::optional<core::StopCompleted::Reason> stop_reason() const { return reason_; }
  /// The row of an instance.
  const core::InstanceRow& row(const std::string& name);
  /// The engine.
  core::Engine& engine() { return *engine_; }
  /// A counter.
  std::uint64_t count(core::Counter counter) { return engine_->statistics().value(counter); }
  /// Seconds since the start.
  [[nodiscard]] Seconds time() const { return now_; }

 private:
  [[nodiscard]] core::Now clocks() const;
  [[nodiscard]] core::InstanceIndex index(const std::string& name) const;
  void perform(const std::vector<core::Action>& actions);

  Seconds now_ = 0;
  std::optional<core::Engine> engine_;
  std::vector<core::Action> actions_;  // Without deliveries.
  std::map<std::size_t, std::vector<Attempt>> attempts_;
  std::map<std::size_t, std::optional<core::DeliveryStatus>> answers_;
  std::optional<bool> stopped_;
  std::optional<core::StopCompleted::Reason> reason_;
};

}  // namespace batch_notifier::tests
