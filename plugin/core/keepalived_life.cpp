// SPDX-License-Identifier: MIT
#include "core/keepalived_life.hpp"

namespace batch_notifier::core {

void KeepalivedLife::process_watched() {
  process_runs_ = true;
  if (phase_ == Phase::unknown) {
    phase_ = Phase::running;
  }
}

void KeepalivedLife::process_ended(MonotonicTime now) {
  process_runs_ = false;
  process_ended_ = true;
  if (may_run()) {
    begin_to_end(now);
  }
}

void KeepalivedLife::owner_lost(MonotonicTime now) {
  begin_to_end(now);
}

void KeepalivedLife::fifo_closed(MonotonicTime now) {
  if (may_run()) {
    begin_to_end(now);
  }
}

void KeepalivedLife::bus_lost(MonotonicTime now) {
  if (phase_ == Phase::ending && !process_ended_ && now - ending_since_ <= bus_death) {
    phase_ = Phase::running;
  }
}

void KeepalivedLife::appeared() {
  phase_ = Phase::running;
  process_ended_ = false;
}

KeepalivedLife::Outcome KeepalivedLife::step(MonotonicTime now) {
  if (phase_ != Phase::ending || now < ending_since_ + respawn_grace) {
    return Outcome::none;
  }
  phase_ = process_runs_ ? Phase::running : Phase::gone;
  return process_runs_ ? Outcome::still_running : Outcome::gone;
}

std::optional<MonotonicTime> KeepalivedLife::deadline() const {
  return phase_ == Phase::ending ? std::optional(ending_since_ + respawn_grace) : std::nullopt;
}

void KeepalivedLife::begin_to_end(MonotonicTime now) {
  phase_ = Phase::ending;
  ending_since_ = now;
}

}  // namespace batch_notifier::core
