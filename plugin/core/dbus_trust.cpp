// SPDX-License-Identifier: MIT
#include "core/dbus_trust.hpp"

#include "core/deadlines.hpp"

namespace batch_notifier::core {

namespace {

bool fifo_contradicts(const Evidence& evidence) {
  return evidence.dbus && evidence.fifo && *evidence.dbus != *evidence.fifo;
}

bool has_first_vip(const InstanceRow& row) {
  return !row.configured.vips.empty() && !row.configured.vips.front().excluded;
}

bool kernel_contradicts(const InstanceRow& row) {
  const Evidence& evidence = row.evidence;
  return evidence.dbus && has_first_vip(row) &&
         (*evidence.dbus == VrrpState::master) != evidence.first_vip_present;
}

// The kernel tells MASTER from everything else, and takes D-Bus's side where the FIFO is wrong.
bool kernel_sides_with_dbus(const InstanceRow& row) {
  const bool fifo_is_master = row.evidence.fifo == VrrpState::master;
  const bool dbus_is_master = row.evidence.dbus == VrrpState::master;
  return has_first_vip(row) && fifo_is_master != dbus_is_master && !kernel_contradicts(row);
}

}  // namespace

void DbusTrust::reset(const std::vector<InstanceId>& members) {
  for (const InstanceId instance : members) {
    Evidence& evidence = registry_[instance].evidence;
    evidence.recheck_at.reset();
    evidence.asked = evidence.unanswered = evidence.dbus_overruled = false;
  }
  rechecks_.clear();
  unanswered_ = 0;
  answer_by_.reset();
  trusted_ = true;
}

void DbusTrust::forget(InstanceId instance) {
  cancel(instance);
  settle(instance);
}

void DbusTrust::fifo_reported(InstanceId instance, MonotonicTime now) {
  Evidence& evidence = registry_[instance].evidence;
  if (!fifo_contradicts(evidence)) {
    evidence.dbus_overruled = false;
    if (!evidence.unanswered) {
      cancel(instance);
      evidence.asked = false;
    }
  } else if (!evidence.recheck_at && !evidence.dbus_overruled) {
    schedule(instance, now + follow_wait);
  }
}

void DbusTrust::dbus_reported(InstanceId instance, bool answered, MonotonicTime now) {
  Evidence& evidence = registry_[instance].evidence;
  if (answered) {
    settle(instance);
  }
  if (!fifo_contradicts(evidence)) {
    evidence.dbus_overruled = false;
    evidence.asked = evidence.unanswered;
    if (evidence.fifo) {
      cancel(instance);
    }
  } else if (!evidence.recheck_at && !evidence.dbus_overruled) {
    schedule(instance, now + follow_wait);
  }
}

void DbusTrust::first_vip_changed(InstanceId instance, MonotonicTime now) {
  const InstanceRow& row = registry_[instance];
  // With a FIFO line on its side D-Bus is not doubted because of an address.
  if (!row.evidence.fifo && kernel_contradicts(row) && !row.evidence.recheck_at) {
    schedule(instance, now + follow_kernel_wait);
  }
}

void DbusTrust::no_answer(MonotonicTime now) {
  if (answer_by_) {
    answer_by_ = now;
  }
}

DbusTrust::Outcome DbusTrust::step(MonotonicTime now) {
  Outcome outcome;
  while (!rechecks_.empty() && rechecks_.begin()->first <= now) {
    const InstanceId instance = rechecks_.begin()->second;
    cancel(instance);
    recheck(instance, now, outcome);
  }
  if (answer_by_ && *answer_by_ <= now) {
    answer_by_.reset();
    outcome.lost = trusted_;
    outcome.questions.clear();
    trusted_ = false;
  }
  return outcome;
}

std::optional<MonotonicTime> DbusTrust::deadline() const {
  return earliest(answer_by_,
                  rechecks_.empty() ? std::nullopt : std::optional(rechecks_.begin()->first));
}

void DbusTrust::recheck(InstanceId instance, MonotonicTime now, Outcome& outcome) {
  InstanceRow& row = registry_[instance];
  Evidence& evidence = row.evidence;
  const bool by_fifo = fifo_contradicts(evidence);
  if (!trusted_ || evidence.unanswered ||
      (!by_fifo && (evidence.fifo || !kernel_contradicts(row)))) {
    evidence.asked = evidence.unanswered;
    return;
  }
  if (!evidence.asked) {
    evidence.asked = evidence.unanswered = true;
    ++unanswered_;
    answer_by_ = earliest(answer_by_, now + answer_wait);
    outcome.questions.push_back(instance);
    return;
  }
  // D-Bus was asked and its answer is the same. Where only the kernel contradicts it, D-Bus decides
  // on.
  evidence.asked = false;
  if (by_fifo && kernel_sides_with_dbus(row)) {
    evidence.fifo = evidence.dbus;
  } else if (by_fifo) {
    evidence.dbus_overruled = true;
    outcome.overruled.push_back(instance);
  }
}

void DbusTrust::schedule(InstanceId instance, MonotonicTime at) {
  cancel(instance);
  registry_[instance].evidence.recheck_at = at;
  rechecks_.insert({at, instance});
}

void DbusTrust::cancel(InstanceId instance) {
  std::optional<MonotonicTime>& at = registry_[instance].evidence.recheck_at;
  if (at) {
    rechecks_.erase({*at, instance});
    at.reset();
  }
}

void DbusTrust::settle(InstanceId instance) {
  Evidence& evidence = registry_[instance].evidence;
  if (evidence.unanswered) {
    evidence.unanswered = false;
    if (--unanswered_ == 0) {
      answer_by_.reset();
    }
  }
}

}  // namespace batch_notifier::core
