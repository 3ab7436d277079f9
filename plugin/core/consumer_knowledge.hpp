// SPDX-License-Identifier: MIT
/// @file
/// What one consumer knows: per instance the state it acknowledged last and a trail of fixed size
/// from there to now. These are levels, not events, so a dead consumer costs memory per instance
/// however long it is dead.
///
/// A failed attempt may have been acted upon all the same (a command that did its work and then
/// failed, a reply lost on the way). Its instances count as uncertain: they are delivered again
/// even if they have gone back to where they were.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/batch.hpp"
#include "core/ledger.hpp"
#include "core/registry.hpp"
#include "core/settings.hpp"
#include "core/trail.hpp"

namespace batch_notifier::core {

/// The knowledge of one consumer about every instance of the registry. Pure.
class ConsumerKnowledge {
 public:
  /// Both must outlive the object.
  ConsumerKnowledge(const NotifierSettings& notifier, const Registry& registry)
      : notifier_(notifier), registry_(registry) {}

  /// A row was added, or is configured otherwise: decides anew whether it is selected.
  void configure(InstanceId instance);

  /// A row was erased.
  void erase(InstanceId instance);

  /// Takes over what the consumer knew in a former run.
  void restore(InstanceId instance, const ToldRecord& record);

  /// What a following run is to know; an entry in flight counts as perhaps seen.
  [[nodiscard]] ToldRecord record(InstanceId instance) const;

  /// The row's status has a new state.
  void add_transition(InstanceId instance);

  /// Whether the consumer gets changes of this instance at all (`instances`, `ignore`).
  [[nodiscard]] bool selects(InstanceId instance) const { return at(instance).selected; }

  /// Whether the consumer gets this state (`states`).
  [[nodiscard]] bool wants(VrrpState state) const;

  /// Whether the row differs from what the consumer knows, or may know.
  [[nodiscard]] bool differs(InstanceId instance) const;

  /// Whether something was left undelivered by a former run.
  [[nodiscard]] bool pending(InstanceId instance) const;

  /// Whether the consumer has seen the instance in a batch, or may have.
  [[nodiscard]] bool knows(InstanceId instance) const {
    const Known& known = at(instance);
    return known.health || known.uncertain || known.in_flight;
  }

  /// The row, a MASTER, has heard another MASTER of lower priority: the consumer is told again that
  /// this one is MASTER, since what lies outside may have followed the other.
  void add_contest(InstanceId instance);

  /// Whether nothing more of a removed instance is to be delivered: the consumer knows that it is
  /// DELETED, never knew of it, or does not get this state.
  [[nodiscard]] bool settled(InstanceId instance) const;

  /// The entry of a batch, except its net_namespace.
  [[nodiscard]] Change describe(InstanceId instance) const;

  /// A batch with the row's present state leaves now.
  void begin_delivery(InstanceId instance);

  /// The consumer has acknowledged this entry of the batch that left.
  void acknowledge(InstanceId instance, const Change& change);

  /// The consumer has not acknowledged its entry of the batch that left. `seen`: it may have seen
  /// it.
  void give_up(InstanceId instance, bool seen);

  /// Notes whether the row waits for the next batch; returns whether it did before.
  bool set_changed(InstanceId instance, bool changed) {
    return std::exchange(at(instance).changed, changed);
  }

  /// The present state is one that the consumer does not get. The next state that it gets then
  /// counts as changed, even if it is the one that the consumer acknowledged last.
  void skip(InstanceId instance);

  /// Drops the trail of an instance that ended where it began; returns how many transitions.
  std::uint64_t suppress(InstanceId instance);

 private:
  struct Known {
    VrrpState state = VrrpState::init;
    std::optional<Health> health;  // Nothing before the first acknowledgement.
    bool selected = false;
    bool changed = false;
    bool in_flight = false;
    bool uncertain = false;
    bool contested = false;          // A MASTER of lower priority was heard since the last batch.
    bool contest_in_flight = false;  // The batch in flight says so.
    Trail trail;                     // Since the last acknowledgement.
    Trail newer;                     // Since the batch in flight was made.
  };

  [[nodiscard]] Known& at(InstanceId instance) { return known_[position_of(instance)]; }
  [[nodiscard]] const Known& at(InstanceId instance) const { return known_[position_of(instance)]; }
  [[nodiscard]] Cause cause_of(InstanceId instance) const;

  const NotifierSettings& notifier_;
  const Registry& registry_;
  std::vector<Known> known_;
};

}  // namespace batch_notifier::core
