// SPDX-License-Identifier: MIT
#include "core/delivery_schedule.hpp"

#include <algorithm>

#include "core/deadlines.hpp"

namespace batch_notifier::core {

namespace {

constexpr Duration first_retry_wait{1'000'000};
// The longest times while keepalived stops.
constexpr Duration hurried_wait{100'000};
constexpr Duration hurried_max_wait{500'000};

}  // namespace

DeliverySchedule::DeliverySchedule(const BatchTiming& timing, Duration retry_max,
                                   Duration repeat_interval, std::uint32_t seed)
    : timing_(timing),
      retry_max_(retry_max),
      repeat_interval_(repeat_interval),
      backoff_(first_retry_wait, retry_max),
      random_(seed) {
}

void DeliverySchedule::change(Now now, bool urgent) {
  urgent_ = urgent_ || urgent;
  open_window(now);
  window_->last_change = now.monotonic;
}

void DeliverySchedule::open_window(Now now) {
  if (!window_) {
    window_ = Window{now, now.monotonic};
  }
}

void DeliverySchedule::hurry(Now now) {
  hurried_ = true;
  if (retry_at_) {
    retry_at_ = std::min(*retry_at_, now.monotonic);
  }
}

MonotonicTime DeliverySchedule::window_end(std::size_t changed) const {
  const MonotonicTime opened = window_->opened.monotonic;
  if (flush_requested_ || (timing_.max_changes != 0 && changed >= timing_.max_changes)) {
    return opened;
  }
  const Duration wait = hurried_ ? std::min(timing_.wait, hurried_wait) : timing_.wait;
  const Duration max_wait =
      hurried_ ? std::min(timing_.max_wait, hurried_max_wait) : timing_.max_wait;
  return std::min(window_->last_change + wait, opened + max_wait);
}

std::optional<MonotonicTime> DeliverySchedule::deadline(std::size_t changed) const {
  if (!released_) {
    return std::nullopt;
  }
  if (retry_at_) {
    return flush_requested_ ? last_sent_ : retry_at_;
  }
  std::optional<MonotonicTime> due = repeat_at_;
  if (window_) {
    due = earliest(due, window_end(changed));
  }
  if (due && last_sent_ && !hurried_ && !flush_requested_ && !urgent_) {
    due = std::max(*due, *last_sent_ + timing_.interval);
  }
  return due;
}

bool DeliverySchedule::take_repeat(MonotonicTime now) {
  if (!repeat_at_ || *repeat_at_ > now) {
    return false;
  }
  repeat_at_.reset();
  return true;
}

Now DeliverySchedule::close_window(Now now) {
  const Now opened = window_ ? window_->opened : now;
  window_.reset();
  retry_at_.reset();
  flush_requested_ = false;
  urgent_ = false;
  return opened;
}

void DeliverySchedule::snapshot_done(MonotonicTime now) {
  if (repeat_interval_ > Duration::zero()) {
    repeat_at_ = now + repeat_interval_;
  }
}

Duration DeliverySchedule::failed(Now opened, Now now, std::optional<Duration> retry_after) {
  // The window of what failed began earlier than that of anything newer.
  const MonotonicTime last_change = window_ ? window_->last_change : *last_sent_;
  window_ = Window{opened, last_change};
  Duration wait = backoff_.next();
  if (hurried_) {
    wait = std::min(hurried_max_wait, retry_max_);
  } else {
    const auto per_mille = static_cast<std::int64_t>(800 + random_() % 401);
    wait = wait * per_mille / 1000;
  }
  wait = std::max(wait, retry_after.value_or(Duration::zero()));
  retry_at_ = now.monotonic + wait;
  return wait;
}

}  // namespace batch_notifier::core
