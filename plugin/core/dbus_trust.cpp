// SPDX-License-Identifier: MIT
#include "core/dbus_trust.hpp"

#include <utility>

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
    forget(instance);
    Evidence& evidence = registry_[instance].evidence;
    evidence.asked = evidence.dbus_overruled = false;
  }
  trusted_ = true;
}

void DbusTrust::read_in_full(const std::vector<InstanceId>& members, MonotonicTime now) {
  if (trusted_) {
    return;
  }
  trusted_ = true;
  for (const InstanceId instance : members) {
    Evidence& evidence = registry_[instance].evidence;
    evidence.dbus_overruled = fifo_contradicts(evidence);
    if (evidence.dbus_overruled) {
      rechecks_.set(instance, now + follow_wait);
    }
  }
}

void DbusTrust::forget(InstanceId instance) {
  rechecks_.clear(instance);
  questions_.clear(instance);
}

void DbusTrust::fifo_reported(InstanceId instance, MonotonicTime now) {
  Evidence& evidence = registry_[instance].evidence;
  evidence.fifo_at = now;
  if (!fifo_contradicts(evidence)) {
    evidence.dbus_overruled = false;
    if (!questions_.is_set(instance)) {
      rechecks_.clear(instance);
      evidence.asked = false;
    }
  } else if (!rechecks_.is_set(instance) && !evidence.dbus_overruled) {
    rechecks_.set(instance, now + follow_wait);
  }
}

void DbusTrust::dbus_reported(InstanceId instance, bool answered, MonotonicTime now) {
  Evidence& evidence = registry_[instance].evidence;
  // A signal that no line goes with puts an overruling in question, too, where the kernel has
  // nothing against it; and the answer then ends that question.
  const bool reopens = answered ? evidence.asked : !kernel_contradicts(registry_[instance]);
  if (answered) {
    questions_.clear(instance);
  } else {
    evidence.signal_at = now;
  }
  if (!fifo_contradicts(evidence)) {
    evidence.dbus_overruled = false;
    evidence.asked = questions_.is_set(instance);
    if (evidence.fifo) {
      rechecks_.clear(instance);
    }
  } else if (!rechecks_.is_set(instance) && (!evidence.dbus_overruled || reopens)) {
    rechecks_.set(instance, now + follow_wait);
  }
}

void DbusTrust::first_vip_changed(InstanceId instance, MonotonicTime now) {
  const InstanceRow& row = registry_[instance];
  // With a FIFO line on its side D-Bus is not doubted because of an address.
  const bool contradicted = !row.evidence.fifo && kernel_contradicts(row);
  const bool vindicated = row.evidence.dbus_overruled && kernel_sides_with_dbus(row);
  if ((contradicted || vindicated) && !rechecks_.is_set(instance)) {
    rechecks_.set(instance, now + follow_kernel_wait);
  }
}

DbusTrust::Outcome DbusTrust::step(MonotonicTime now) {
  Outcome outcome;
  while (const std::optional<InstanceId> instance = rechecks_.take_due(now)) {
    recheck(*instance, now, outcome);
  }
  if (questions_.next() && *questions_.next() <= now) {
    outcome.questions.clear();
    outcome.silent_about = distrust();
  }
  return outcome;
}

std::optional<MonotonicTime> DbusTrust::deadline() const {
  return earliest(questions_.next(), rechecks_.next());
}

std::optional<std::vector<InstanceId>> DbusTrust::distrust() {
  std::vector<InstanceId> unanswered;
  while (const std::optional<InstanceId> instance = questions_.take_due(MonotonicTime::max())) {
    unanswered.push_back(*instance);
  }
  return std::exchange(trusted_, false) ? std::optional(unanswered) : std::nullopt;
}

void DbusTrust::recheck(InstanceId instance, MonotonicTime now, Outcome& outcome) {
  InstanceRow& row = registry_[instance];
  Evidence& evidence = row.evidence;
  const bool by_fifo = fifo_contradicts(evidence);
  const bool contradicted = by_fifo || (!evidence.fifo && kernel_contradicts(row));
  if (!trusted_ || questions_.is_set(instance) || !contradicted) {
    evidence.asked = questions_.is_set(instance);
    return;
  }
  if (!evidence.asked) {
    evidence.asked = true;
    questions_.set(instance, now + answer_wait);
    outcome.questions.push_back(instance);
    return;
  }
  // D-Bus was asked and its answer is the same. Where only the kernel contradicts it, D-Bus decides
  // on. keepalived writes the line before it sends the signal: a signal without one shows that the
  // line was lost, which happens on a full pipe, or where another program reads the FIFO.
  evidence.asked = false;
  const bool signalled_last = evidence.signal_at > evidence.fifo_at && !kernel_contradicts(row);
  if (by_fifo && (signalled_last || kernel_sides_with_dbus(row))) {
    evidence.fifo = evidence.dbus;
    evidence.dbus_overruled = false;
    outcome.lines_lost.push_back(instance);
  } else if (by_fifo) {
    evidence.dbus_overruled = true;
    outcome.overruled.push_back(instance);
  }
}

}  // namespace batch_notifier::core
