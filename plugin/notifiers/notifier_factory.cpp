// SPDX-License-Identifier: MIT
#include "notifiers/notifier_factory.hpp"

#include <stdexcept>
#include <string>

#include "notifiers/append_file.hpp"
#include "notifiers/notify_batch.hpp"

namespace batch_notifier::notifiers {

std::unique_ptr<Notifier> make_notifier(runtime::EventLoop& loop, runtime::Log& log,
                                        const core::NotifierSettings& settings) {
  switch (settings.kind) {
    case core::NotifierKind::notify_batch:
      return std::make_unique<NotifyBatch>(loop, log, settings);
    case core::NotifierKind::append_file:
      return std::make_unique<AppendFile>(loop, log, settings);
    case core::NotifierKind::notify_each:
    case core::NotifierKind::notify_http:
    case core::NotifierKind::notify_neutron:
    case core::NotifierKind::state_file:
    case core::NotifierKind::metrics_file:
      break;
  }
  throw std::runtime_error(settings.location.file + ":" + std::to_string(settings.location.line) +
                           ": " + std::string(to_string(settings.kind)) +
                           " is not supported by this version");
}

}  // namespace batch_notifier::notifiers
