// SPDX-License-Identifier: MIT
/// @file
/// What a consumer looks like from inside. Queues, retries, order and merging are the core's, once
/// for all kinds; a notifier only makes one attempt and says how it went.
#pragma once

#include <functional>

#include "core/batch.hpp"

namespace batch_notifier::notifiers {

/// One consumer.
class Notifier {
 public:
  /// Takes the result of a delivery; may start the next one, must not destroy the notifier.
  using Done = std::function<void(const core::DeliveryResult&)>;

  Notifier() = default;
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  /// Ends a delivery in flight at once, without a result.
  virtual ~Notifier() = default;

  /// Starts to deliver a batch, which need not outlive the call. One at a time: not to be called
  /// again before `done`. `done` is called exactly once, from the event loop and never from inside
  /// this call. Failures are results; does not log them.
  virtual void deliver(const core::Batch& batch, Done done) = 0;
};

}  // namespace batch_notifier::notifiers
