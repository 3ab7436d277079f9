// SPDX-License-Identifier: MIT
#include "notifiers/notify_batch.hpp"

#include <sysexits.h>

#include <utility>

#include "notifiers/batch_json.hpp"
#include "runtime/sealed_input.hpp"

namespace batch_notifier::notifiers {

namespace {

// What a command inherits, whatever this process has; then the names that the user gave.
std::vector<std::string> fixed_environment(const core::NotifierSettings& settings) {
  std::vector<std::string> environment = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"};
  for (const auto& [name, value] : settings.environment) {
    std::erase_if(environment,
                  [&](const std::string& known) { return known.starts_with(name + "="); });
    environment.push_back(name + "=" + value);
  }
  return environment;
}

}  // namespace

NotifyBatch::NotifyBatch(runtime::EventLoop& loop, runtime::Log& log,
                         const core::NotifierSettings& settings)
    : ChildNotifier(loop, log, settings),
      command_(settings.target),
      environment_(fixed_environment(settings)),
      script_security_(settings.script_security) {
}

runtime::ChildPlan NotifyBatch::plan(const core::Batch& batch) const {
  std::vector<std::string> environment = environment_;
  environment.insert(environment.end(),
                     {"KEEPALIVED_BATCH_ID=" + batch.id,
                      "KEEPALIVED_BATCH_SEQUENCE=" + std::to_string(batch.sequence),
                      "KEEPALIVED_BATCH_NOTIFIER=" + batch.notifier});
  runtime::ChildPlan plan;
  plan.task = runtime::Program{command_, std::move(environment), script_security_};
  plan.input = runtime::make_sealed_input(to_json(batch) + "\n");
  return plan;
}

core::DeliveryResult NotifyBatch::judge(int status, const std::string& reason) const {
  switch (status) {
    case EX_OK:
      return {};
    case EX_DATAERR:
      return {core::DeliveryStatus::refused, reason, {}};
    case EX_CONFIG:
      return {core::DeliveryStatus::off, reason, {}};
    default:
      return {core::DeliveryStatus::failed, reason, {}};
  }
}

}  // namespace batch_notifier::notifiers
