// SPDX-License-Identifier: MIT
#include "ledger/handover.hpp"

#include <exception>

#include "ledger/worker_socket.hpp"
#include "runtime/sealed_input.hpp"

namespace batch_notifier::ledger {

using runtime::Severity;
using runtime::UniqueFd;

Handover::Handover(runtime::EventLoop& loop, runtime::Log& log, std::string place,
                   TakeoverHandlers handlers, core::MonotonicTime started)
    : log_(log),
      handlers_(std::move(handlers)),
      links_(loop, log, std::move(place),
             {[this] { review(); },
              [this](std::vector<UniqueFd> files) { take_files(std::move(files)); }}),
      timer_(loop, [this] {
        reviewing_ = true;
        review();
      }) {
  own_.started = started;
}

void Handover::acquire(core::MonotonicTime waiting_since) {
  waiting_since_ = waiting_since;
  timer_.set(waiting_since);
  try {
    own_.slot = links_.listen();
    links_.announce(own_);
    links_.connect(own_.slot);
  } catch (const std::exception& error) {
    log_.write(Severity::warning,
               std::string("handover: ") + error.what() +
                   ": without a state directory, this worker and one that a reload starts may "
                   "deliver at the same time");
  }
}

void Handover::hold_until(core::MonotonicTime end) {
  own_.until = end;
  links_.announce(own_);
}

bool Handover::is_awaited() const {
  return decide(own_, links_.statuses(), waiting_since_, {}).step == WorkerStep::hand_over;
}

void Handover::pass_on(const Legacy& legacy) {
  const UniqueFd ledger = runtime::make_sealed_input(legacy.ledger);
  const UniqueFd journal = runtime::make_sealed_input(legacy.journal);
  std::vector<const UniqueFd*> files{&ledger, &journal};
  if (fifo_) {
    files.push_back(&fifo_);
  }
  links_.send(files, [](const WorkerStatus& status) { return status.phase == WorkerPhase::waits; });
}

void Handover::take_files(std::vector<UniqueFd> files) {
  if (own_.phase == WorkerPhase::works || files.size() < 2) {
    return;
  }
  std::optional<std::string> ledger = read_sealed(files[0]);
  std::optional<std::string> journal = read_sealed(files[1]);
  if (ledger && journal) {
    legacy_ = Legacy{*std::move(ledger), *std::move(journal)};
    fifo_ = files.size() > 2 && is_fifo_to_read(files[2]) ? std::move(files[2]) : UniqueFd();
  }
}

void Handover::review() {
  if (!reviewing_ || ended_) {
    return;
  }
  const core::MonotonicTime now = runtime::read_clocks().monotonic;
  const WorkerDecision decision = decide(own_, links_.statuses(), waiting_since_, now);
  timer_.cancel();
  if (decision.review) {
    timer_.set(*decision.review);
    ask_for_time(*decision.review + takeover_patience);
  }
  switch (decision.step) {
    case WorkerStep::stay:
      return;
    case WorkerStep::begin:
    case WorkerStep::force:
      work(decision.step == WorkerStep::force);
      return;
    case WorkerStep::hand_over:
      if (!std::exchange(requested_, true)) {
        handlers_.requested();
      }
      return;
    case WorkerStep::end:
      ended_ = true;
      handlers_.outlived();
      return;
  }
}

// Where an older worker hangs, this one begins then, and those behind it have to wait for both.
void Handover::ask_for_time(core::MonotonicTime until) {
  if (own_.until != until) {
    own_.until = until;
    links_.announce(own_);
  }
}

void Handover::work(bool forced) {
  forced_ = forced;
  if (forced) {
    log_.write(
        Severity::error,
        "handover: an older worker did not finish in time: this one begins without waiting for "
        "it any longer");
  }
  own_.phase = WorkerPhase::works;
  links_.announce(own_);
  // A newer one that waits already will not announce that again.
  timer_.set(runtime::read_clocks().monotonic);
  handlers_.acquired();
}

}  // namespace batch_notifier::ledger
