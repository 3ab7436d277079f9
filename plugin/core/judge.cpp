// SPDX-License-Identifier: MIT
#include "core/judge.hpp"

#include <variant>

#include "core/deadlines.hpp"

namespace batch_notifier::core {

namespace {

bool is_final(VrrpState state) {
  return state == VrrpState::stop || state == VrrpState::deleted;
}

bool ends_a_keepalived(VrrpState state) {
  return is_final(state) || state == VrrpState::unknown;
}

bool has_first_vip(const Instance& instance) {
  return !instance.vips.empty() && !instance.vips.front().excluded;
}

}  // namespace

Judge::Judge(const Topology& topology, Statistics& statistics, MonotonicTime started)
    : topology_(topology),
      statistics_(statistics),
      now_(started),
      views_(topology.instances.size()) {
  for (const Instance& instance : topology.instances) {
    unheard_ += instance.ignored || instance.removed ? 0 : 1;
  }
  dbus_grace_until_ = started + dbus_grace;
}

std::optional<MonotonicTime> Judge::deadline() const {
  return earliest(earliest(dbus_grace_until_, gone_after_), fifo_stands_until_);
}

std::vector<Verdict> Judge::step(const Observation& observation, MonotonicTime now) {
  now_ = now;
  return std::visit([this](const auto& value) { return handle(value); }, observation);
}

std::vector<Verdict> Judge::step(MonotonicTime now) {
  now_ = now;
  std::vector<Verdict> verdicts;
  if (dbus_grace_until_ && *dbus_grace_until_ <= now) {
    dbus_grace_until_.reset();
    verdicts = judge_all(Cause::startup);
  }
  if (gone_after_ && *gone_after_ <= now) {
    const std::vector<Verdict> gone = conclude_gone();
    verdicts.insert(verdicts.end(), gone.begin(), gone.end());
  }
  if (fifo_stands_until_ && *fifo_stands_until_ <= now) {
    const std::vector<Verdict> without = forget_fifo();
    verdicts.insert(verdicts.end(), without.begin(), without.end());
  }
  return verdicts;
}

std::vector<Verdict> Judge::conclude_gone() {
  gone_after_.reset();
  if (keepalived_runs()) {
    return judge_all(Cause::resync);
  }
  keepalived_gone_ = true;
  fifo_stands_until_.reset();
  std::vector<Verdict> verdicts;
  for (InstanceIndex instance = 0; instance < views_.size(); ++instance) {
    views_[instance].fifo.reset();
    if (!is_final(views_[instance].state)) {
      conclude(instance, {VrrpState::unknown, views_[instance].authority}, Cause::lost, verdicts);
    }
  }
  return verdicts;
}

std::vector<Verdict> Judge::handle(const StateSeen& seen) {
  std::vector<Verdict> verdicts;
  Views& views = views_.at(seen.instance);
  if (seen.witness == Witness::fifo) {
    views.fifo = seen.state;
  } else {
    views.dbus = seen.state;
    views.dbus_absent = false;
    if (seen.answered && views.fifo) {
      // It is the same keepalived, and the FIFO's line is older than this answer.
      views.fifo = seen.state;
    }
  }
  const Cause told = seen.state == VrrpState::stop ? Cause::shutdown : Cause::signal;
  judge(seen.instance, seen.answered ? Cause::resync : told, verdicts);
  return verdicts;
}

std::vector<Verdict> Judge::handle(const DbusOwnerFound& /*found*/) {
  forget_dbus();
  dbus_phase_ = DbusPhase::reading;
  gone_after_.reset();
  welcome_keepalived();
  for (Views& views : views_) {
    views.disputed_first_vip.reset();
    if (fifo_stands_until_) {
      views.fifo.reset();
    }
  }
  fifo_stands_until_.reset();
  return {};
}

std::vector<Verdict> Judge::handle(const DbusReadComplete& /*complete*/) {
  dbus_phase_ = DbusPhase::attached;
  return judge_all(Cause::resync);
}

std::vector<Verdict> Judge::handle(const DbusInstanceAbsent& absent) {
  std::vector<Verdict> verdicts;
  views_.at(absent.instance).dbus.reset();
  views_.at(absent.instance).dbus_absent = true;
  judge(absent.instance, Cause::resync, verdicts);
  return verdicts;
}

std::vector<Verdict> Judge::handle(const DbusOwnerLost& /*lost*/) {
  if (keepalived_runs()) {
    leave_to_kernel();
  }
  forget_dbus();
  dbus_phase_ = DbusPhase::unattached;
  gone_after_ = now_ + respawn_grace;
  return {};
}

std::vector<Verdict> Judge::handle(const DbusBusLost& /*lost*/) {
  // A dying bus may report the loss of every owner before its own: that is no news of keepalived.
  if (!process_ended_ && gone_after_ && now_ - (*gone_after_ - respawn_grace) <= bus_death) {
    gone_after_.reset();
  }
  leave_to_kernel();
  forget_dbus();
  dbus_phase_ = DbusPhase::unattached;
  return judge_all(Cause::resync);
}

std::vector<Verdict> Judge::handle(const VipsSeen& seen) {
  std::vector<Verdict> verdicts;
  Views& views = views_.at(seen.instance);
  if (views.first_vip_present != seen.first_present) {
    views.first_vip_present = seen.first_present;
    views.first_vip_changed = now_;
    views.disputed_first_vip.reset();
  }
  judge(seen.instance, seen.answered ? Cause::resync : Cause::signal, verdicts);
  return verdicts;
}

std::vector<Verdict> Judge::handle(const KernelReadComplete& /*complete*/) {
  const bool was_known = kernel_known_;
  kernel_known_ = true;
  for (Views& views : views_) {
    if (views.was_disputed) {
      views.was_disputed = false;
      views.disputed_first_vip = views.first_vip_present;
    }
  }
  return was_known ? std::vector<Verdict>{} : judge_all(Cause::resync);
}

std::vector<Verdict> Judge::handle(const KernelLost& /*lost*/) {
  kernel_known_ = false;
  return {};
}

std::vector<Verdict> Judge::handle(const FifoOpened& /*opened*/) {
  fifo_stands_until_.reset();
  if (dbus_phase_ == DbusPhase::unattached) {
    gone_after_.reset();
    welcome_keepalived();
  }
  return {};
}

std::vector<Verdict> Judge::handle(const FifoLost& lost) {
  // While it is on the bus, the bus knows better whether keepalived is there.
  if (lost.closed && dbus_phase_ == DbusPhase::unattached && !gone_after_ && !keepalived_gone_) {
    gone_after_ = now_ + respawn_grace;
  }
  if (lost.closed && dbus_phase_ == DbusPhase::unattached && keepalived_runs()) {
    // Over a reload keepalived closes it and opens it again, and what it has said stands.
    fifo_stands_until_ = now_ + respawn_grace;
    return {};
  }
  return forget_fifo();
}

std::vector<Verdict> Judge::handle(const KeepalivedWatched& /*watched*/) {
  process_watched_ = true;
  return {};
}

std::vector<Verdict> Judge::handle(const KeepalivedEnded& /*ended*/) {
  process_watched_ = false;
  process_ended_ = true;
  if (!gone_after_ && !keepalived_gone_) {
    gone_after_ = now_ + respawn_grace;
  }
  return {};
}

std::vector<Verdict> Judge::handle(const PrioritySeen& /*seen*/) {
  return {};
}

bool Judge::kernel_may_decide(InstanceIndex instance) const {
  if (!kernel_known_ || keepalived_gone_ || gone_after_ ||
      !has_first_vip(topology_.instances[instance])) {
    return false;
  }
  if (views_[instance].dbus_absent || !topology_.dbus_enabled) {
    return true;
  }
  const bool dbus_may_yet_answer =
      dbus_phase_ == DbusPhase::reading || (dbus_grace_until_ && !views_[instance].heard);
  return !dbus_may_yet_answer;
}

std::optional<Judge::Finding> Judge::find(InstanceIndex instance) const {
  const Views& views = views_[instance];
  if (views.dbus) {
    return Finding{*views.dbus, Witness::dbus};
  }
  if (views.fifo) {
    return Finding{*views.fifo, Witness::fifo};
  }
  if (!kernel_may_decide(instance)) {
    return std::nullopt;
  }
  if (views.disputed_first_vip == views.first_vip_present && views.state != VrrpState::init &&
      !views.outdated) {
    return Finding{views.state, Witness::netlink};
  }
  if (views.first_vip_present) {
    return Finding{VrrpState::master, Witness::netlink};
  }
  const bool says_nothing_new =
      views.state != VrrpState::master && views.state != VrrpState::init && !views.outdated;
  return Finding{says_nothing_new ? views.state : VrrpState::backup, Witness::netlink};
}

void Judge::judge(InstanceIndex instance, Cause cause, std::vector<Verdict>& verdicts) {
  if (const std::optional<Finding> finding = find(instance)) {
    conclude(instance, *finding, cause, verdicts);
  }
}

std::vector<Verdict> Judge::judge_all(Cause cause) {
  std::vector<Verdict> verdicts;
  for (InstanceIndex instance = 0; instance < views_.size(); ++instance) {
    judge(instance, cause, verdicts);
  }
  return verdicts;
}

void Judge::conclude(InstanceIndex instance, Finding finding, Cause cause,
                     std::vector<Verdict>& verdicts) {
  Views& views = views_[instance];
  // INIT from keepalived only says that the instance has not made up its mind.
  if (topology_.instances[instance].ignored || finding.state == VrrpState::init) {
    return;
  }
  const bool first = !views.heard;
  const bool other_authority = views.authority != finding.authority;
  if (first) {
    views.heard = true;
    --unheard_;
  } else if (other_authority) {
    statistics_.add(Counter::authority_changes);
  }
  if (!other_authority && views.state == finding.state) {
    return;
  }
  // What differs from a former run was missed meanwhile.
  const Cause found = views.state == VrrpState::init ? Cause::startup : Cause::resync;
  views.state = finding.state;
  views.authority = finding.authority;
  views.outdated = false;
  const bool says_more = cause == Cause::lost || cause == Cause::shutdown;
  verdicts.push_back(
      {instance, finding.state, finding.authority, first && !says_more ? found : cause});
}

void Judge::restore(InstanceIndex instance, VrrpState state, bool disputed) {
  views_.at(instance).state = state;
  views_.at(instance).was_disputed = disputed;
  views_.at(instance).outdated = ends_a_keepalived(state) && !topology_.instances[instance].removed;
}

void Judge::welcome_keepalived() {
  keepalived_gone_ = false;
  process_ended_ = false;
  for (InstanceIndex instance = 0; instance < views_.size(); ++instance) {
    Views& views = views_[instance];
    const bool removed = topology_.instances[instance].removed;
    views.outdated = views.outdated || (ends_a_keepalived(views.state) && !removed);
  }
}

void Judge::leave_to_kernel() {
  for (Views& views : views_) {
    if (views.heard && kernel_known_ && now_ - views.first_vip_changed >= standing_dispute) {
      views.disputed_first_vip = views.first_vip_present;
    }
  }
}

std::vector<Verdict> Judge::forget_fifo() {
  fifo_stands_until_.reset();
  leave_to_kernel();
  for (Views& views : views_) {
    views.fifo.reset();
  }
  return judge_all(Cause::resync);
}

void Judge::forget_dbus() {
  for (Views& views : views_) {
    views.dbus.reset();
    views.dbus_absent = false;
  }
}

}  // namespace batch_notifier::core
