// SPDX-License-Identifier: MIT
/// @file
/// What all notifiers have in common that deliver through a child: one child per delivery, its user
/// and timeout, its output in the log, and what its end means.
#pragma once

#include <optional>
#include <string>

#include "core/settings.hpp"
#include "notifiers/notifier.hpp"
#include "runtime/child_process.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/line_splitter.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::notifiers {

/// A notifier whose deliveries are made by children. A child that was never run is `unseen`; one
/// that was killed, timed out or was lost sight of is `failed`; the rest is the exit status.
class ChildNotifier : public Notifier {
 public:
  void deliver(const core::Batch& batch, Done done) final;

 protected:
  /// Looks up the user, if one is set. `loop` and `log` outlive the notifier. Throws
  /// std::runtime_error with the place of the setting when there is no such user.
  ChildNotifier(runtime::EventLoop& loop, runtime::Log& log,
                const core::NotifierSettings& settings);

  /// What the child is to do, and its standard input; user and times are filled in here. Throws
  /// std::exception when that cannot be got ready.
  [[nodiscard]] virtual runtime::ChildPlan plan(const core::Batch& batch) const = 0;

  /// What an exit status means; `reason` is "exit status N".
  [[nodiscard]] virtual core::DeliveryResult judge(int status, const std::string& reason) const = 0;

 private:
  void log_line(const std::string& line);
  void log_cut();
  void on_end(const runtime::ChildEnd& end);
  void finish(const core::DeliveryResult& result);

  runtime::EventLoop& loop_;
  runtime::Log& log_;
  std::string name_;
  core::Duration timeout_;
  std::optional<runtime::UserIdentity> user_;
  Done done_;
  std::string start_error_;
  runtime::Timer start_failed_;
  std::optional<runtime::LineSplitter> lines_;
  std::optional<runtime::ChildProcess> child_;
};

}  // namespace batch_notifier::notifiers
