// SPDX-License-Identifier: MIT
/// @file
/// `notify_batch`: run a command once per batch. This one command is the place where most users
/// meet the plugin, so what it finds around it is fixed and small: nothing of keepalived's
/// environment, descriptors or signals reaches it.
#pragma once

#include <string>
#include <vector>

#include "notifiers/child_notifier.hpp"

namespace batch_notifier::notifiers {

/// Runs the configured command with the batch as JSON and a newline on standard input. Exit status
/// 0 is success, 65 (EX_DATAERR) refuses this batch for good, 78 (EX_CONFIG) asks for no more until
/// the next reload; any other is a failure and retried. Under `settings.script_security` a command
/// that is not root's alone is not run: the delivery is `unseen`, and the next attempt looks again.
class NotifyBatch final : public ChildNotifier {
 public:
  /// `settings.target` is the command, an absolute path, and its arguments. Throws
  /// std::runtime_error with the place of the setting when its user is unknown.
  NotifyBatch(runtime::EventLoop& loop, runtime::Log& log, const core::NotifierSettings& settings);

 private:
  [[nodiscard]] runtime::ChildPlan plan(const core::Batch& batch) const override;
  [[nodiscard]] core::DeliveryResult judge(int status, const std::string& reason) const override;

  std::vector<std::string> command_;
  std::vector<std::string> environment_;
  bool script_security_;
};

}  // namespace batch_notifier::notifiers
