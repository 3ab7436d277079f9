// SPDX-License-Identifier: MIT
/// @file
/// Makes real deliveries with a notifier under test, and holds it to what every notifier promises:
/// one answer, from the loop.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/batch.hpp"
#include "core/settings.hpp"
#include "notifiers/notifier_factory.hpp"
#include "runtime/event_loop.hpp"
#include "tests/support/process.hpp"
#include "tests/support/recording_log.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

/// Loop, log and directory of one test.
struct DeliveryFixture {
  TemporaryDirectory directory;  ///< For scripts and files.
  runtime::EventLoop loop;       ///< Dispatched by the functions here.
  RecordingLog log;              ///< What the notifier wrote.

  /// Settings of a notifier of that kind, "notify_batch:1" and so on.
  static core::NotifierSettings settings(const std::string& kind, std::vector<std::string> target) {
    core::NotifierSettings made;
    made.kind = kind;
    made.name = kind + ":1";
    made.target = std::move(target);
    made.location = {"/etc/keepalived/keepalived.conf", 7};
    return made;
  }

  /// A batch with one change.
  static core::Batch batch() {
    core::Change change;
    change.instance = "VI_1";
    change.state = core::VrrpState::master;
    core::Batch made;
    made.id = "E-N-42";
    made.notifier = "N";
    made.sequence = 42;
    made.changes = {change};
    return made;
  }

  /// Makes an executable file of the directory, for any user, and returns its path.
  std::string script(const std::string& name, const std::string& commands) const {
    write_file(directory.file(name), "#!/bin/sh\n" + commands);
    run({"chmod", "755", directory.file(name), directory.path()});
    return directory.file(name);
  }

  /// Dispatches the loop until `condition` is true; false when it does not become so.
  template <typename Condition>
  bool dispatch_until(Condition condition) {
    return wait_until([&] {
      loop.dispatch();
      return condition();
    });
  }

  /// Delivers a batch and waits for the answer. Throws std::runtime_error when there is none, or
  /// when it comes from inside deliver().
  core::DeliveryResult deliver(notifiers::Notifier& notifier,
                               const core::Batch& delivered = batch()) {
    std::optional<core::DeliveryResult> answer;
    notifier.deliver(delivered, [&](const core::DeliveryResult& result) { answer = result; });
    if (answer) {
      throw std::runtime_error("answered from inside deliver()");
    }
    if (!dispatch_until([&] { return answer.has_value(); })) {
      throw std::runtime_error("never answered");
    }
    return *answer;
  }

  /// Makes a notifier for a single delivery of a batch.
  core::DeliveryResult deliver(const core::NotifierSettings& made,
                               const core::Batch& delivered = batch()) {
    return deliver(*notifiers::make_notifier(loop, log, made), delivered);
  }
};

}  // namespace batch_notifier::tests
