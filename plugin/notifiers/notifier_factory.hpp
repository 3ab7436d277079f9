// SPDX-License-Identifier: MIT
/// @file
/// From a line of configuration to a consumer: the one place that knows every kind.
#pragma once

#include <memory>

#include "core/settings.hpp"
#include "notifiers/notifier.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::notifiers {

/// Makes the notifier that is configured. `loop` and `log` must outlive it. Throws
/// std::runtime_error, "FILE:LINE: text", when it cannot be: its user is unknown, or its kind is
/// one that this version does not have.
std::unique_ptr<Notifier> make_notifier(runtime::EventLoop& loop, runtime::Log& log,
                                        const core::NotifierSettings& settings);

}  // namespace batch_notifier::notifiers
