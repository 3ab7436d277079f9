// SPDX-License-Identifier: MIT
/// @file
/// A consumer that checks every batch against the promises of the batch format, and keeps the
/// states that the batches alone lead to.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/batch.hpp"
#include "core/engine.hpp"
#include "core/settings.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"

namespace batch_notifier::fuzz {

/// The model of one consumer of one engine.
class ConsumerModel {
 public:
  /// All references must outlive the model.
  ConsumerModel(const core::Topology& topology, const core::Settings& settings,
                const core::NotifierSettings& notifier);

  /// Takes a batch at the moment when the engine hands it out.
  void take(const core::Batch& batch, const core::Engine& engine, core::Now now);

  /// Answers the batch in flight; `acknowledged` are positions that were, whatever the status.
  void finish(core::DeliveryStatus status, const std::vector<std::size_t>& acknowledged);

  /// The instance has changed: if it was refused before, it is to be delivered now.
  void note_change(const std::string& instance);
  /// The instance may have heard a MASTER of lower priority.
  void note_contest(const std::string& instance) {
    Known& known = known_[index_of(instance)];
    known.contested = true;
    known.contest_new = busy_;
  }

  /// The batch that waits for an answer.
  [[nodiscard]] const core::Batch& in_flight() const { return *last_; }

  /// A new engine takes over from a dead one; what was in flight may have arrived.
  void begin_run();

  /// From now on batches may follow one another at once.
  void hurry() { hurried_ = true; }

  /// The next batch need not wait.
  void hasten() { hastened_ = true; }

  /// Whether a batch waits for an answer.
  [[nodiscard]] bool busy() const { return busy_; }

  /// Requires that what was told is what is.
  void require_up_to_date(const core::Engine& engine) const;

 private:
  struct Known {
    core::VrrpState state = core::VrrpState::init;
    std::optional<core::Health> health;
    bool uncertain = false;
    bool refused = false;      // And unchanged since.
    bool contested = false;    // A MASTER of lower priority was heard: it may be told again.
    bool contest_new = false;  // The same, since the batch in flight was made.
  };

  void check_identity(const core::Batch& batch) const;
  void check_pace(core::Now now) const;
  void check_completeness(const core::Batch& batch, const core::Engine& engine) const;
  void check_order(const core::Batch& batch, const core::Engine& engine) const;
  void check_change(const core::Change& change, const core::InstanceStatus& status,
                    const Known& known) const;
  [[nodiscard]] const core::InstanceRow* row_of(core::InstanceIndex instance,
                                                const core::Engine& engine) const;
  [[nodiscard]] bool is_listed(core::InstanceIndex instance, const core::Engine& engine) const;
  [[nodiscard]] bool says_something(const core::Change& change, const Known& known) const;
  [[nodiscard]] bool wants(core::InstanceIndex instance, core::VrrpState state) const;
  [[nodiscard]] core::InstanceIndex index_of(const std::string& name) const;

  const core::Topology& topology_;
  const core::Settings& settings_;
  const core::NotifierSettings& notifier_;
  std::vector<Known> known_;
  std::optional<core::Batch> last_;
  std::optional<core::DeliveryStatus> last_answer_;
  std::optional<core::MonotonicTime> last_taken_;
  bool had_snapshot_ = false;
  bool busy_ = false;
  bool hurried_ = false;
  bool hastened_ = false;
  bool off_ = false;
};

}  // namespace batch_notifier::fuzz
