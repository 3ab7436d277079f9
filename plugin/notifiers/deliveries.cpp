// SPDX-License-Identifier: MIT
#include "notifiers/deliveries.hpp"

#include <exception>
#include <utility>

#include "notifiers/notifier_factory.hpp"
#include "runtime/text.hpp"

namespace batch_notifier::notifiers {

using runtime::Severity;

std::string describe(const core::Batch& batch) {
  return "batch " + std::to_string(batch.sequence) + (batch.snapshot ? " (snapshot)" : "") +
         " of " + runtime::count_text(batch.changes.size(), "instance");
}

Deliveries::Deliveries(runtime::EventLoop& loop, runtime::Log& log, core::Settings& settings)
    : log_(log) {
  std::vector<core::NotifierSettings> usable;
  for (core::NotifierSettings& each : settings.notifiers) {
    try {
      lines_.push_back({make_notifier(loop, log, each), each, {}, {}});
      usable.push_back(std::move(each));
    } catch (const std::exception& error) {
      log_.write(Severity::error, std::string(error.what()) + "; this notifier is left out");
    }
  }
  settings.notifiers = std::move(usable);
}

void Deliveries::deliver(std::size_t notifier, const core::Batch& batch) {
  Line& line = lines_.at(notifier);
  line.in_flight = describe(batch);
  try {
    line.notifier->deliver(
        batch, [this, notifier](const core::DeliveryResult& result) { finish(notifier, result); });
  } catch (const std::exception& error) {
    finish(notifier, {core::DeliveryStatus::unseen, error.what(), std::nullopt, {}});
  }
}

void Deliveries::finish(std::size_t notifier, const core::DeliveryResult& result) {
  log_result(lines_[notifier], result);
  finished_(notifier, result);
}

void Deliveries::log_result(Line& line, const core::DeliveryResult& result) {
  const std::string subject = line.settings.name + ": " + line.in_flight;
  switch (result.status) {
    case core::DeliveryStatus::delivered: {
      const bool recovered = !std::exchange(line.last_failure, {}).empty();
      log_.write(recovered ? Severity::notice : Severity::info,
                 subject + (recovered ? " delivered: it works again" : " delivered"));
      return;
    }
    case core::DeliveryStatus::refused:
      log_.write(Severity::error,
                 runtime::location_prefix(line.settings.location) + subject +
                     " is dropped, because the consumer refused it: " + result.reason +
                     "; its instances are delivered with their next change");
      return;
    case core::DeliveryStatus::off:
      log_.write(Severity::error, runtime::location_prefix(line.settings.location) + subject +
                                      " was not delivered: " + result.reason +
                                      "; this notifier is off until the next reload");
      return;
    case core::DeliveryStatus::failed:
    case core::DeliveryStatus::unseen:
      break;
  }
  // One message per reason: a consumer that is down for a night must not fill the log.
  if (line.last_failure != result.reason) {
    line.last_failure = result.reason;
    log_.write(Severity::warning, runtime::location_prefix(line.settings.location) + subject +
                                      " was not delivered: " + result.reason +
                                      "; it is tried again until the consumer acknowledges it");
  }
}

}  // namespace batch_notifier::notifiers
