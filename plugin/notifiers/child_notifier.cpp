// SPDX-License-Identifier: MIT
#include "notifiers/child_notifier.hpp"

#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "runtime/printable.hpp"
#include "runtime/text.hpp"

namespace batch_notifier::notifiers {

namespace {

std::optional<runtime::UserIdentity> user_of(const core::NotifierSettings& settings) {
  if (!settings.user) {
    return std::nullopt;
  }
  try {
    return runtime::resolve_user(*settings.user);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(runtime::location_prefix(settings.location) + error.what());
  }
}

}  // namespace

ChildNotifier::ChildNotifier(runtime::EventLoop& loop, runtime::Log& log,
                             const core::NotifierSettings& settings)
    : loop_(loop),
      log_(log),
      name_(settings.name),
      timeout_(settings.timeout),
      user_(user_of(settings)),
      start_failed_(loop, [this] {
        finish({core::DeliveryStatus::unseen, start_error_, {}});
      }) {
}

void ChildNotifier::deliver(const core::Batch& batch, Done done) {
  done_ = std::move(done);
  try {
    runtime::ChildPlan ready = plan(batch);
    ready.user = user_;
    ready.timeout = timeout_;
    const core::Duration grace = ready.kill_grace;
    lines_.emplace(runtime::LineLimits{}, [this](const std::string& line) { log_line(line); });
    child_.emplace(loop_, std::move(ready),
                   runtime::ChildHandlers{
                       [this](std::string_view bytes) { lines_->take(bytes); },
                       [this, grace] {
                         log_.write(runtime::Severity::warning,
                                    name_ + ": did not end within " + runtime::seconds_text(grace) +
                                        " of SIGTERM: all its processes are killed");
                       },
                       [this](const runtime::ChildEnd& end) { on_end(end); }});
  } catch (const std::exception& error) {
    start_error_ = error.what();
    start_failed_.set(runtime::read_clocks().monotonic);
  }
}

void ChildNotifier::log_line(const std::string& line) {
  log_.write(runtime::Severity::info, name_ + ": " + runtime::printable(line));
}

void ChildNotifier::log_cut() {
  if (lines_->cut_lines() != 0) {
    log_.write(runtime::Severity::info,
               name_ + ": output cut: " + runtime::count_text(lines_->cut_bytes(), "byte") +
                   " of " + runtime::count_text(lines_->cut_lines(), "line") + " left out");
  }
}

void ChildNotifier::on_end(const runtime::ChildEnd& end) {
  lines_->finish();
  log_cut();
  child_.reset();
  switch (end.outcome) {
    case runtime::ChildOutcome::exited:
      finish(judge(end.status, end.reason));
      return;
    case runtime::ChildOutcome::not_run:
      finish({core::DeliveryStatus::unseen, end.reason, {}});
      return;
    case runtime::ChildOutcome::killed:
    case runtime::ChildOutcome::timed_out:
    case runtime::ChildOutcome::unobservable:
      finish({core::DeliveryStatus::failed, end.reason, {}});
      return;
  }
}

void ChildNotifier::finish(const core::DeliveryResult& result) {
  // Taken first, because it may start the next delivery.
  const Done done = std::exchange(done_, nullptr);
  done(result);
}

}  // namespace batch_notifier::notifiers
