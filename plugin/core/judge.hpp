// SPDX-License-Identifier: MIT
/// @file
/// Whom to believe. Each witness's view of each instance is kept, and the best one available
/// decides: D-Bus while the service has an owner that answers for the instance, else the FIFO, else
/// the kernel. Because views are kept, losing a witness changes the authority and not the state.
///
/// The kernel knows less than the others: with the first VIP present it says MASTER, without it
/// "anything else". It therefore never overrides FAULT, STOP, DELETED or UNKNOWN by BACKUP.
///
/// keepalived emits its first signals before it requests its name, and its script (the loader) is
/// started before either; so at the start D-Bus is given a while before the kernel decides alone.
/// A VRRP child that died is respawned by keepalived within tens of milliseconds, so a lost owner
/// is given a while too before every instance becomes UNKNOWN. Where the host lets that process be
/// watched, nothing else counts: a lost owner or a closed FIFO is then a lost witness, and its end
/// is the end, whoever claims the name on the bus.
#pragma once

#include <optional>
#include <vector>

#include "core/batch.hpp"
#include "core/observation.hpp"
#include "core/statistics.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"

namespace batch_notifier::core {

/// How long after the start D-Bus may take to answer before the kernel decides alone.
inline constexpr Duration dbus_grace{5'000'000};

/// A bus that dies within this time of reporting that the owner is lost has reported its own end.
inline constexpr Duration bus_death{100'000};

/// How long the kernel must have disagreed with a witness that is lost to be no news of its own.
inline constexpr Duration standing_dispute{1'000'000};

/// How long keepalived's service may be without an owner before keepalived counts as gone.
inline constexpr Duration respawn_grace{500'000};

/// The judge's finding that an instance is in another state than before, or known from another
/// witness.
struct Verdict {
  InstanceIndex instance = 0;            ///< Which instance.
  VrrpState state = VrrpState::init;     ///< What it is in now.
  Witness authority = Witness::netlink;  ///< Who decided.
  Cause cause = Cause::signal;           ///< Why it is found now.
};

/// Judges the witnesses of one keepalived. Pure: no clock, no descriptor.
class Judge {
 public:
  /// `topology` must outlive the judge, and so must `statistics`.
  Judge(const Topology& topology, Statistics& statistics, MonotonicTime started);

  /// Takes an observation; returns what it changed, in configuration order.
  std::vector<Verdict> step(const Observation& observation, MonotonicTime now);

  /// Does what is due by now.
  std::vector<Verdict> step(MonotonicTime now);

  /// When step(now) must be called, if nothing else happens.
  [[nodiscard]] std::optional<MonotonicTime> deadline() const;

  /// Takes over an instance's state from a former run, before the first step. It still has to be
  /// heard of in this one. `disputed`: the kernel contradicted it then, so that its doing so again
  /// is no news.
  void restore(InstanceIndex instance, VrrpState state, bool disputed = false);

  /// Takes over what keepalived, which has run on since, said last; before the first step.
  void restore_fifo(InstanceIndex instance, VrrpState state) { views_.at(instance).fifo = state; }

  /// Whether every instance has been heard of and the kernel read, or waiting for it is over.
  [[nodiscard]] bool settled() const {
    return (unheard_ == 0 && kernel_known_) || !dbus_grace_until_;
  }

  /// The state that the judge holds for true.
  [[nodiscard]] VrrpState state(InstanceIndex instance) const { return views_[instance].state; }

  /// What keepalived itself has said last, on D-Bus or else the FIFO; nothing where it has said
  /// nothing that still counts, or is not known to run.
  [[nodiscard]] std::optional<VrrpState> last_word(InstanceIndex instance) const {
    const Views& views = views_[instance];
    const std::optional<VrrpState>& word = views.dbus ? views.dbus : views.fifo;
    return keepalived_runs() ? word : std::nullopt;
  }

  /// Whether keepalived is known to run.
  [[nodiscard]] bool keepalived_runs() const { return process_watched_; }

  /// Who decided it.
  [[nodiscard]] Witness authority(InstanceIndex instance) const {
    return views_[instance].authority;
  }

 private:
  enum class DbusPhase : std::uint8_t { unattached, reading, attached };

  /// What each witness says of one instance, and what became of it.
  struct Views {
    std::optional<VrrpState> dbus;
    bool dbus_absent = false;
    std::optional<VrrpState> fifo;
    bool first_vip_present = false;
    MonotonicTime first_vip_changed;
    /// What the kernel said when it was left to decide, for as long as it says the same: a
    /// disagreement of old standing is no reason to change the state.
    std::optional<bool> disputed_first_vip;
    /// STOP, DELETED or UNKNOWN of a keepalived before the present one.
    bool outdated = false;
    /// The kernel contradicted a former run, too.
    bool was_disputed = false;
    bool heard = false;
    VrrpState state = VrrpState::init;
    Witness authority = Witness::netlink;
  };

  struct Finding {
    VrrpState state;
    Witness authority;
  };

  std::vector<Verdict> handle(const StateSeen& seen);
  std::vector<Verdict> handle(const DbusOwnerFound& found);
  std::vector<Verdict> handle(const DbusReadComplete& complete);
  std::vector<Verdict> handle(const DbusInstanceAbsent& absent);
  std::vector<Verdict> handle(const DbusOwnerLost& lost);
  std::vector<Verdict> handle(const DbusBusLost& lost);
  std::vector<Verdict> handle(const VipsSeen& seen);
  std::vector<Verdict> handle(const KernelReadComplete& complete);
  std::vector<Verdict> handle(const KernelLost& lost);
  std::vector<Verdict> handle(const FifoOpened& opened);
  std::vector<Verdict> handle(const FifoLost& lost);
  std::vector<Verdict> handle(const KeepalivedWatched& watched);
  std::vector<Verdict> handle(const KeepalivedEnded& ended);
  std::vector<Verdict> handle(const PrioritySeen& seen);

  [[nodiscard]] std::optional<Finding> find(InstanceIndex instance) const;
  [[nodiscard]] bool kernel_may_decide(InstanceIndex instance) const;
  void judge(InstanceIndex instance, Cause cause, std::vector<Verdict>& verdicts);
  std::vector<Verdict> judge_all(Cause cause);
  void conclude(InstanceIndex instance, Finding finding, Cause cause,
                std::vector<Verdict>& verdicts);
  void forget_dbus();
  std::vector<Verdict> forget_fifo();
  void welcome_keepalived();
  void leave_to_kernel();
  std::vector<Verdict> conclude_gone();

  const Topology& topology_;
  Statistics& statistics_;
  MonotonicTime now_;
  std::vector<Views> views_;
  DbusPhase dbus_phase_ = DbusPhase::unattached;
  bool kernel_known_ = false;
  bool keepalived_gone_ = false;
  bool process_watched_ = false;
  bool process_ended_ = false;
  std::optional<MonotonicTime> dbus_grace_until_;
  std::optional<MonotonicTime> gone_after_;
  /// A keepalived that runs has closed the FIFO, and may open it again by then.
  std::optional<MonotonicTime> fifo_stands_until_;
  std::size_t unheard_ = 0;
};

}  // namespace batch_notifier::core
