// SPDX-License-Identifier: MIT
/// @file
/// Which source decides the state of an instance. The newest report of each source is kept beside
/// those of the others, until that source is lost. The best source that has one decides: D-Bus
/// while the service has an owner that answers for the instance, else the FIFO, else the kernel. So
/// the loss of a source changes the authority, and the state only where the next source disagrees.
///
/// The kernel shows less than the others: with the first VIP present the instance is MASTER,
/// without it any other state. So without the first VIP the kernel leaves FAULT, STOP, DELETED and
/// UNKNOWN as they are. Exception: after a keepalived has started anew, a STOP, DELETED or UNKNOWN
/// of the former one becomes BACKUP.
///
/// When another source contradicts D-Bus, D-Bus must answer before it decides again; see DbusTrust.
///
/// keepalived emits its first signals before it requests its name, and its script (the loader) is
/// started before either; so at the start D-Bus is given a while before the kernel decides alone.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/batch.hpp"
#include "core/dbus_trust.hpp"
#include "core/keepalived_life.hpp"
#include "core/observation.hpp"
#include "core/registry.hpp"
#include "core/statistics.hpp"
#include "core/time.hpp"

namespace batch_notifier::core {

/// How long after the start D-Bus may take to answer before the kernel decides alone.
inline constexpr Duration dbus_grace{5'000'000};

/// A disagreement with the kernel that has lasted this long when keepalived's reports are lost does
/// not change the state: it was there before, and nothing new has happened.
inline constexpr Duration standing_dispute{1'000'000};

/// An instance is in another state than before, or the same state is known from another source.
struct Verdict {
  InstanceId instance{};              ///< Which instance.
  VrrpState state = VrrpState::init;  ///< Its state now.
  Cause cause = Cause::signal;        ///< Why it is found now.
};

/// Judges the sources of one keepalived. Pure: no clock, no descriptor. Writes Evidence and Finding
/// of its instances' rows.
class Judge {
 public:
  /// `registry` and `statistics` must outlive the judge.
  Judge(Registry& registry, Statistics& statistics)
      : registry_(registry), statistics_(statistics), trust_(registry) {}

  /// Takes the configuration: row of each instance, by InstanceIndex. New rows have
  /// no state until a source decides one. `dbus_enabled`: keepalived may be on the bus. The first
  /// configuration is the start.
  void configure(std::vector<InstanceId> members, bool dbus_enabled, MonotonicTime now);

  /// Takes an observation; returns what it changed, in configuration order. An InstanceIndex that
  /// the configuration does not have throws std::out_of_range.
  std::vector<Verdict> step(const Observation& observation, MonotonicTime now);

  /// Does what is due by now.
  std::vector<Verdict> step(MonotonicTime now);

  /// When step(now) must be called, if nothing else happens.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const;

  /// The instances that keepalived is to be asked for over D-Bus since the last call.
  std::vector<InstanceIndex> take_questions() { return std::exchange(questions_, {}); }

  /// A row of this keepalived is about to leave its configuration.
  void forget(InstanceId instance) { trust_.forget(instance); }

  /// Whether the start is over: every instance has a state and the kernel was read, or `dbus_grace`
  /// has passed.
  [[nodiscard]] bool settled() const {
    return started_ && ((unheard_ == 0 && kernel_known_) || !dbus_grace_until_);
  }

  /// The newest report of keepalived itself: on D-Bus where D-Bus decides, else on the FIFO.
  /// Nothing where no report counts any more, or keepalived is not known to run.
  [[nodiscard]] std::optional<VrrpState> last_report(InstanceId instance) const;

  /// Whether this keepalived runs.
  [[nodiscard]] const KeepalivedLife& life() const { return life_; }

  /// The rows, by InstanceIndex.
  [[nodiscard]] const std::vector<InstanceId>& members() const { return members_; }

 private:
  enum class DbusPhase : std::uint8_t { unattached, reading, attached };

  std::vector<Verdict> handle(const StateSeen& seen);
  std::vector<Verdict> handle(const DbusOwnerFound& found);
  std::vector<Verdict> handle(const DbusReadComplete& complete);
  std::vector<Verdict> handle(const DbusInstanceAbsent& absent);
  std::vector<Verdict> handle(const DbusOwnerLost& lost);
  std::vector<Verdict> handle(const DbusBusLost& lost);
  std::vector<Verdict> handle(const DbusSilent& silent);
  std::vector<Verdict> handle(const VipsSeen& seen);
  std::vector<Verdict> handle(const KernelReadComplete& complete);
  std::vector<Verdict> handle(const KernelLost& lost);
  std::vector<Verdict> handle(const FifoOpened& opened);
  std::vector<Verdict> handle(const FifoLost& lost);
  std::vector<Verdict> handle(const KeepalivedWatched& watched);
  std::vector<Verdict> handle(const KeepalivedEnded& ended);
  std::vector<Verdict> handle(const PrioritySeen& seen);

  [[nodiscard]] std::optional<Finding> find(const InstanceRow& row) const;
  [[nodiscard]] std::optional<Finding> find_by_kernel(const InstanceRow& row) const;
  [[nodiscard]] bool kernel_may_decide(const InstanceRow& row) const;
  void judge(InstanceId instance, Cause cause, std::vector<Verdict>& verdicts);
  void judge_report(InstanceId instance, std::vector<Verdict>& verdicts);
  void judge_reports(std::vector<Verdict>& verdicts);
  void judge_all(Cause cause, std::vector<Verdict>& verdicts);
  std::vector<Verdict> judge_all(Cause cause);
  void decide(InstanceId instance, Finding finding, Cause cause, std::vector<Verdict>& verdicts);
  void drop_dbus_reports();
  void drop_fifo_reports(std::vector<Verdict>& verdicts);
  void check_trust(std::vector<Verdict>& verdicts);
  void take_silence(const std::vector<InstanceId>& unanswered, std::vector<Verdict>& verdicts);
  [[nodiscard]] bool dbus_decides(const Evidence& evidence) const {
    return evidence.dbus && trust_.trusted() && !evidence.dbus_overruled;
  }
  void mark_disputes();
  void expect_new_states();
  void conclude_gone(std::vector<Verdict>& verdicts);

  Registry& registry_;
  Statistics& statistics_;
  std::vector<InstanceId> members_;
  std::vector<InstanceIndex> questions_;
  KeepalivedLife life_;
  DbusTrust trust_;
  MonotonicTime now_;
  DbusPhase dbus_phase_ = DbusPhase::unattached;
  bool started_ = false;  // A configuration has come.
  bool dbus_enabled_ = false;
  bool kernel_known_ = false;
  std::optional<MonotonicTime> dbus_grace_until_;
  /// keepalived closed the FIFO and runs; its reports there count until then, unless it opens the
  /// FIFO again.
  std::optional<MonotonicTime> fifo_counts_until_;
  std::size_t unheard_ = 0;
};

}  // namespace batch_notifier::core
