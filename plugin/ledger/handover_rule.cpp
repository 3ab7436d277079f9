// SPDX-License-Identifier: MIT
#include "ledger/handover_rule.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include "ledger/takeover.hpp"

namespace batch_notifier::ledger {

namespace {

constexpr std::string_view waits = "batch_notifier 1 waits ";
constexpr std::string_view works = "batch_notifier 1 works ";

bool is_newer(const WorkerStatus& one, const WorkerStatus& than) {
  return std::pair(one.started, one.slot) > std::pair(than.started, than.slot);
}

}  // namespace

std::string write_status(const WorkerStatus& status) {
  return std::string(status.phase == WorkerPhase::waits ? waits : works) +
         std::to_string(status.started.time_since_epoch().count()) + " " +
         std::to_string(status.slot) + " " +
         std::to_string(status.until.time_since_epoch().count());
}

std::optional<WorkerStatus> read_status(std::string_view message) {
  if (!message.starts_with(waits) && !message.starts_with(works)) {
    return std::nullopt;
  }
  const char* at = message.data() + waits.size();
  const char* const end = message.data() + message.size();
  std::array<std::int64_t, 3> numbers{};
  for (std::int64_t& number : numbers) {
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc()) {
      return std::nullopt;
    }
    at = rest == end ? end : rest + 1;
  }
  return WorkerStatus{message.starts_with(waits) ? WorkerPhase::waits : WorkerPhase::works,
                      core::MonotonicTime(core::Duration(numbers[0])), static_cast<int>(numbers[1]),
                      core::MonotonicTime(core::Duration(numbers[2]))};
}

WorkerDecision decide(const WorkerStatus& own,
                      const std::vector<std::optional<WorkerStatus>>& others,
                      core::MonotonicTime waiting_since, core::MonotonicTime now) {
  bool newer_waits = false;
  bool others_come_first = false;
  core::MonotonicTime enough = waiting_since + takeover_patience;
  for (const std::optional<WorkerStatus>& other : others) {
    if (!other) {
      others_come_first = true;
    } else if (is_newer(*other, own) && other->phase == WorkerPhase::works) {
      return {WorkerStep::end, std::nullopt};
    } else if (is_newer(*other, own)) {
      newer_waits = true;
    } else {
      others_come_first = true;
      enough = std::max(enough, std::min(other->until, waiting_since + longest_takeover));
    }
  }
  if (own.phase == WorkerPhase::works) {
    return {newer_waits ? WorkerStep::hand_over : WorkerStep::stay, std::nullopt};
  }
  if (!others_come_first) {
    return {WorkerStep::begin, std::nullopt};
  }
  if (now >= enough) {
    return {WorkerStep::force, std::nullopt};
  }
  return {WorkerStep::stay, enough};
}

}  // namespace batch_notifier::ledger
