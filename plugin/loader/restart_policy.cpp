// SPDX-License-Identifier: MIT
#include "loader/restart_policy.hpp"

#include <algorithm>
#include <utility>

#include "loader/exit_status.hpp"

namespace batch_notifier::loader {

void RestartPolicy::worker_started(core::MonotonicTime now) {
  started_at_ = now;
}

Decision RestartPolicy::worker_ended(std::optional<int> exit_status, core::MonotonicTime now) {
  const std::optional<core::MonotonicTime> started_at = std::exchange(started_at_, std::nullopt);
  const bool first = std::exchange(first_, first_ && !started_at);
  if (exit_status == exit_stopped) {
    return ExitWith{exit_stopped};
  }
  if (exit_status == exit_unreadable && first) {
    return ExitWith{exit_unreadable};
  }
  if (stopping_) {
    return ++failed_in_stop_ < last_attempts ? Decision(RestartAfter{core::Duration::zero()})
                                             : Decision(ExitWith{exit_failed});
  }
  if (started_at && now - *started_at >= healthy_life) {
    next_delay_ = first_delay;
  }
  return RestartAfter{std::exchange(next_delay_, std::min(2 * next_delay_, longest_delay))};
}

}  // namespace batch_notifier::loader
