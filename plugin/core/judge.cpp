// SPDX-License-Identifier: MIT
#include "core/judge.hpp"

#include <utility>
#include <variant>

#include "core/deadlines.hpp"

namespace batch_notifier::core {

namespace {

/// Why an instance is in a state that keepalived has just reported.
Cause cause_of(VrrpState reported) {
  return reported == VrrpState::stop ? Cause::shutdown : Cause::signal;
}

bool has_first_vip(const Instance& instance) {
  return !instance.vips.empty() && !instance.vips.front().excluded;
}

}  // namespace

void Judge::configure(std::vector<InstanceId> members, bool dbus_enabled, MonotonicTime now) {
  if (!std::exchange(started_, true)) {
    dbus_grace_until_ = now + dbus_grace;
  }
  members_ = std::move(members);
  dbus_enabled_ = dbus_enabled;
  unheard_ = 0;
  for (const InstanceId instance : members_) {
    const InstanceRow& row = registry_[instance];
    unheard_ += row.configured.ignored || row.evidence.heard ? 0 : 1;
  }
}

std::optional<MonotonicTime> Judge::deadline() const {
  return earliest(earliest(dbus_grace_until_, life_.deadline()),
                  earliest(fifo_counts_until_, trust_.deadline()));
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
    judge_all(Cause::startup, verdicts);
  }
  switch (life_.step(now)) {
    case KeepalivedLife::Outcome::none:
      break;
    case KeepalivedLife::Outcome::still_running:
      judge_all(Cause::resync, verdicts);
      break;
    case KeepalivedLife::Outcome::gone:
      conclude_gone(verdicts);
      break;
  }
  if (fifo_counts_until_ && *fifo_counts_until_ <= now) {
    drop_fifo_reports(verdicts);
  }
  check_trust(verdicts);
  return verdicts;
}

void Judge::check_trust(std::vector<Verdict>& verdicts) {
  const DbusTrust::Outcome outcome = trust_.step(now_);
  for (const InstanceId instance : outcome.questions) {
    questions_.push_back(registry_[instance].position);
  }
  statistics_.add(Counter::dbus_questions, outcome.questions.size());
  statistics_.add(Counter::dbus_overruled, outcome.overruled.size());
  for (const InstanceId instance : outcome.overruled) {
    judge_report(instance, verdicts);
  }
  for (const InstanceId instance : outcome.lines_lost) {
    judge_report(instance, verdicts);
  }
  if (outcome.silent_about) {
    take_silence(*outcome.silent_about, verdicts);
  }
}

void Judge::take_silence(const std::vector<InstanceId>& unanswered,
                         std::vector<Verdict>& verdicts) {
  statistics_.add(Counter::dbus_silences);
  // What was read until now is not completed by what may yet come.
  dbus_phase_ = DbusPhase::attached;
  mark_disputes();
  for (const InstanceId instance : unanswered) {
    // What D-Bus was asked about is news.
    registry_[instance].evidence.disputed_first_vip.reset();
  }
  judge_reports(verdicts);
}

void Judge::conclude_gone(std::vector<Verdict>& verdicts) {
  fifo_counts_until_.reset();
  for (const InstanceId instance : members_) {
    InstanceRow& row = registry_[instance];
    row.evidence.fifo.reset();
    if (row.found.state != VrrpState::stop && row.found.state != VrrpState::deleted) {
      decide(instance, {VrrpState::unknown, row.found.authority}, Cause::lost, verdicts);
    }
  }
}

std::optional<VrrpState> Judge::last_report(InstanceId instance) const {
  const Evidence& evidence = registry_[instance].evidence;
  if (!life_.process_runs()) {
    return std::nullopt;
  }
  return dbus_decides(evidence) || !evidence.fifo ? evidence.dbus : evidence.fifo;
}

std::vector<Verdict> Judge::handle(const StateSeen& seen) {
  const InstanceId instance = members_.at(seen.instance);
  Evidence& evidence = registry_[instance].evidence;
  if (seen.witness == Witness::fifo) {
    evidence.fifo = seen.state;
    evidence.fifo_is_new = true;
    trust_.fifo_reported(instance, now_);
  } else {
    evidence.dbus = seen.state;
    evidence.dbus_absent = false;
    if (seen.answered && evidence.fifo && !evidence.fifo_is_new &&
        dbus_phase_ == DbusPhase::reading) {
      // It is the same keepalived, and the FIFO's line is older than this answer.
      evidence.fifo = seen.state;
    }
    trust_.dbus_reported(instance, seen.answered, now_);
  }
  std::vector<Verdict> verdicts;
  judge(instance, seen.answered ? Cause::resync : cause_of(seen.state), verdicts);
  return verdicts;
}

std::vector<Verdict> Judge::handle(const DbusOwnerFound& found) {
  const bool was_silent = !trust_.trusted();
  drop_dbus_reports();
  if (was_silent) {
    // The witness that decides goes on deciding until everything has been read.
    trust_.distrust();
  }
  dbus_phase_ = DbusPhase::reading;
  for (const InstanceId instance : members_) {
    registry_[instance].evidence.fifo_is_new = false;
  }
  if (found.after_silence) {
    return {};  // No other keepalived than before; it may even have ended since.
  }
  life_.appeared();
  expect_new_states();
  for (const InstanceId instance : members_) {
    Evidence& evidence = registry_[instance].evidence;
    evidence.disputed_first_vip.reset();
    if (fifo_counts_until_) {
      evidence.fifo.reset();
    }
  }
  fifo_counts_until_.reset();
  return {};
}

std::vector<Verdict> Judge::handle(const DbusReadComplete& /*complete*/) {
  if (dbus_phase_ != DbusPhase::reading && !trust_.trusted()) {
    return {};  // Answers from before the silence.
  }
  if (!trust_.trusted()) {
    // Disputes are with a state that D-Bus now gives anew.
    for (const InstanceId instance : members_) {
      registry_[instance].evidence.disputed_first_vip.reset();
    }
  }
  dbus_phase_ = DbusPhase::attached;
  trust_.read_in_full(members_, now_);
  return judge_all(Cause::resync);
}

std::vector<Verdict> Judge::handle(const DbusInstanceAbsent& absent) {
  const InstanceId instance = members_.at(absent.instance);
  registry_[instance].evidence.dbus.reset();
  registry_[instance].evidence.dbus_absent = true;
  trust_.dbus_reported(instance, /*answered=*/true, now_);
  std::vector<Verdict> verdicts;
  judge(instance, Cause::resync, verdicts);
  return verdicts;
}

std::vector<Verdict> Judge::handle(const DbusOwnerLost& /*lost*/) {
  if (life_.process_runs()) {
    mark_disputes();
  }
  drop_dbus_reports();
  dbus_phase_ = DbusPhase::unattached;
  life_.owner_lost(now_);
  return {};
}

std::vector<Verdict> Judge::handle(const DbusBusLost& /*lost*/) {
  life_.bus_lost(now_);
  mark_disputes();
  drop_dbus_reports();
  dbus_phase_ = DbusPhase::unattached;
  return judge_all(Cause::resync);
}

std::vector<Verdict> Judge::handle(const DbusSilent& /*silent*/) {
  std::vector<Verdict> verdicts;
  if (dbus_phase_ != DbusPhase::unattached) {
    if (const auto unanswered = trust_.distrust()) {
      take_silence(*unanswered, verdicts);
    }
  }
  return verdicts;
}

std::vector<Verdict> Judge::handle(const VipsSeen& seen) {
  const InstanceId instance = members_.at(seen.instance);
  Evidence& evidence = registry_[instance].evidence;
  if (evidence.first_vip_present != seen.first_present) {
    evidence.first_vip_present = seen.first_present;
    evidence.first_vip_changed = now_;
    evidence.disputed_first_vip.reset();
    trust_.first_vip_changed(instance, now_);
  }
  std::vector<Verdict> verdicts;
  judge(instance, seen.answered ? Cause::resync : Cause::signal, verdicts);
  return verdicts;
}

std::vector<Verdict> Judge::handle(const KernelReadComplete& /*complete*/) {
  const bool was_known = kernel_known_;
  kernel_known_ = true;
  for (const InstanceId instance : members_) {
    Evidence& evidence = registry_[instance].evidence;
    if (evidence.was_disputed) {
      evidence.was_disputed = false;
      evidence.disputed_first_vip = evidence.first_vip_present;
    }
  }
  return was_known ? std::vector<Verdict>{} : judge_all(Cause::resync);
}

std::vector<Verdict> Judge::handle(const KernelLost& /*lost*/) {
  kernel_known_ = false;
  return {};
}

std::vector<Verdict> Judge::handle(const FifoOpened& /*opened*/) {
  fifo_counts_until_.reset();
  if (dbus_phase_ == DbusPhase::unattached) {
    life_.appeared();
    expect_new_states();
  }
  return {};
}

std::vector<Verdict> Judge::handle(const FifoLost& lost) {
  // While keepalived is on the bus, the bus knows better whether it runs.
  if (lost.closed && dbus_phase_ == DbusPhase::unattached) {
    life_.fifo_closed(now_);
    if (life_.process_runs()) {
      // At a reload keepalived closes the FIFO and opens it again, and its reports still count.
      fifo_counts_until_ = now_ + respawn_grace;
      return {};
    }
  }
  std::vector<Verdict> verdicts;
  drop_fifo_reports(verdicts);
  return verdicts;
}

std::vector<Verdict> Judge::handle(const KeepalivedWatched& /*watched*/) {
  life_.process_watched();
  return {};
}

std::vector<Verdict> Judge::handle(const KeepalivedEnded& /*ended*/) {
  life_.process_ended(now_);
  // Nothing more will follow on D-Bus: a FIFO line that it has not followed yet is the newest.
  trust_.distrust();
  std::vector<Verdict> verdicts;
  judge_reports(verdicts);
  return verdicts;
}

std::vector<Verdict> Judge::handle(const PrioritySeen& /*seen*/) {
  return {};
}

bool Judge::kernel_may_decide(const InstanceRow& row) const {
  if (!kernel_known_ || !life_.may_run() || !has_first_vip(row.configured)) {
    return false;
  }
  if (row.evidence.dbus_absent || !dbus_enabled_) {
    return true;
  }
  const bool dbus_may_yet_answer = (dbus_phase_ == DbusPhase::reading && trust_.trusted()) ||
                                   (dbus_grace_until_ && !row.evidence.heard);
  return !dbus_may_yet_answer;
}

std::optional<Finding> Judge::find(const InstanceRow& row) const {
  if (dbus_decides(row.evidence)) {
    return Finding{*row.evidence.dbus, Witness::dbus};
  }
  if (row.evidence.fifo) {
    return Finding{*row.evidence.fifo, Witness::fifo};
  }
  return kernel_may_decide(row) ? find_by_kernel(row) : std::nullopt;
}

std::optional<Finding> Judge::find_by_kernel(const InstanceRow& row) const {
  const Evidence& evidence = row.evidence;
  const VrrpState state = row.found.state;
  const bool state_counts = state != VrrpState::init && !evidence.outdated;
  if (evidence.disputed_first_vip == evidence.first_vip_present && state_counts) {
    return Finding{state, Witness::netlink};
  }
  if (evidence.first_vip_present) {
    return Finding{VrrpState::master, Witness::netlink};
  }
  const bool agrees = state_counts && state != VrrpState::master;
  return Finding{agrees ? state : VrrpState::backup, Witness::netlink};
}

void Judge::judge(InstanceId instance, Cause cause, std::vector<Verdict>& verdicts) {
  if (const std::optional<Finding> finding = find(registry_[instance])) {
    decide(instance, *finding, cause, verdicts);
  }
}

void Judge::judge_report(InstanceId instance, std::vector<Verdict>& verdicts) {
  if (const std::optional<Finding> finding = find(registry_[instance])) {
    decide(instance, *finding, cause_of(finding->state), verdicts);
  }
}

void Judge::judge_reports(std::vector<Verdict>& verdicts) {
  for (const InstanceId instance : members_) {
    judge_report(instance, verdicts);
  }
}

void Judge::judge_all(Cause cause, std::vector<Verdict>& verdicts) {
  for (const InstanceId instance : members_) {
    judge(instance, cause, verdicts);
  }
}

std::vector<Verdict> Judge::judge_all(Cause cause) {
  std::vector<Verdict> verdicts;
  judge_all(cause, verdicts);
  return verdicts;
}

void Judge::decide(InstanceId instance, Finding finding, Cause cause,
                   std::vector<Verdict>& verdicts) {
  InstanceRow& row = registry_[instance];
  // INIT from keepalived means that the instance has not decided yet.
  if (row.configured.ignored || finding.state == VrrpState::init) {
    return;
  }
  const bool first = !row.evidence.heard;
  const bool other_authority = row.found.authority != finding.authority;
  if (first) {
    row.evidence.heard = true;
    --unheard_;
  } else if (other_authority) {
    statistics_.add(Counter::authority_changes);
  }
  if (!other_authority && row.found.state == finding.state) {
    return;
  }
  // A difference from the former run was missed in between.
  const Cause found_first = row.found.state == VrrpState::init ? Cause::startup : Cause::resync;
  row.found = finding;
  row.evidence.outdated = false;
  const bool keeps_cause = cause == Cause::lost || cause == Cause::shutdown;
  verdicts.push_back({instance, finding.state, first && !keeps_cause ? found_first : cause});
}

// The STOP, DELETED or UNKNOWN of a keepalived that has ended do not bind its successor.
void Judge::expect_new_states() {
  for (const InstanceId instance : members_) {
    InstanceRow& row = registry_[instance];
    row.evidence.outdated = row.evidence.outdated || ends_a_keepalived(row.found.state);
  }
}

void Judge::mark_disputes() {
  for (const InstanceId instance : members_) {
    Evidence& evidence = registry_[instance].evidence;
    if (evidence.heard && kernel_known_ && now_ - evidence.first_vip_changed >= standing_dispute) {
      evidence.disputed_first_vip = evidence.first_vip_present;
    }
  }
}

void Judge::drop_fifo_reports(std::vector<Verdict>& verdicts) {
  fifo_counts_until_.reset();
  mark_disputes();
  for (const InstanceId instance : members_) {
    registry_[instance].evidence.fifo.reset();
  }
  judge_all(Cause::resync, verdicts);
}

void Judge::drop_dbus_reports() {
  trust_.reset(members_);
  for (const InstanceId instance : members_) {
    registry_[instance].evidence.dbus.reset();
    registry_[instance].evidence.dbus_absent = false;
  }
}

}  // namespace batch_notifier::core
