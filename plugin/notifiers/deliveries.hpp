// SPDX-License-Identifier: MIT
/// @file
/// The notifiers of a configuration, and what becomes of each delivery: who gets which batch is
/// decided in the core; here it is handed over, and its result is logged and reported back.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/batch.hpp"
#include "core/settings.hpp"
#include "notifiers/notifier.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::notifiers {

/// "batch 3 (snapshot) of 12 instances".
std::string describe(const core::Batch& batch);

/// All notifiers, in the order of Settings::notifiers.
class Deliveries {
 public:
  /// Takes the result of a delivery: position of its notifier, and how it went.
  using Finished = std::function<void(std::size_t notifier, const core::DeliveryResult& result)>;

  /// Makes every notifier of `settings`; one that cannot be made is logged, with the place of its
  /// line, and taken out of `settings`. `loop` and `log` must outlive the object.
  Deliveries(runtime::EventLoop& loop, runtime::Log& log, core::Settings& settings);

  /// Sets the function that gets results. Before the first delivery.
  void set_finished(Finished finished) { finished_ = std::move(finished); }

  /// How many notifiers there are.
  [[nodiscard]] std::size_t size() const { return lines_.size(); }

  /// Hands a batch to a notifier. The result follows; where the notifier cannot even begin, from
  /// inside this call.
  void deliver(std::size_t notifier, const core::Batch& batch);

 private:
  /// One notifier, with what the log needs of its past.
  struct Line {
    std::unique_ptr<Notifier> notifier;
    core::NotifierSettings settings;
    std::string in_flight;
    std::string last_failure;
  };

  void finish(std::size_t notifier, const core::DeliveryResult& result);
  void log_result(Line& line, const core::DeliveryResult& result);

  runtime::Log& log_;
  Finished finished_;
  std::vector<Line> lines_;
};

}  // namespace batch_notifier::notifiers
