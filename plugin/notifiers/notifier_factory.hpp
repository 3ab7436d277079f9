// SPDX-License-Identifier: MIT
/// @file
/// The kinds of notifiers: one table, one row per kind. A new kind is a row here and a file of its
/// own; the configuration reader gets the rows handed in and needs no change.
#pragma once

#include <memory>
#include <span>

#include "core/notifier_kind.hpp"
#include "core/settings.hpp"
#include "notifiers/notifier.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::notifiers {

/// Every kind that has a keyword, including those that are not available in this version.
std::span<const core::NotifierKind> notifier_kinds();

/// Makes the notifier that is configured. `loop` and `log` must outlive it. Throws
/// std::runtime_error, "FILE:LINE: text", when it cannot be made: its user is unknown, or its kind
/// is unknown or not available in this version.
std::unique_ptr<Notifier> make_notifier(runtime::EventLoop& loop, runtime::Log& log,
                                        const core::NotifierSettings& settings);

}  // namespace batch_notifier::notifiers
