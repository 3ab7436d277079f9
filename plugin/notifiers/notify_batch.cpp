// SPDX-License-Identifier: MIT
#include "notifiers/notify_batch.hpp"

#include "notifiers/batch_json.hpp"
#include "runtime/sealed_input.hpp"

namespace batch_notifier::notifiers {

NotifyBatch::NotifyBatch(runtime::EventLoop& loop, runtime::Log& log,
                         const core::NotifierSettings& settings)
    : ChildNotifier(loop, log, settings),
      command_(settings.target),
      script_security_(settings.script_security) {
}

runtime::ChildPlan NotifyBatch::plan(const core::Batch& batch) const {
  runtime::ChildPlan plan;
  plan.task = runtime::Program{command_,
                               {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                "LANG=C", "KEEPALIVED_BATCH_ID=" + batch.id,
                                "KEEPALIVED_BATCH_SEQUENCE=" + std::to_string(batch.sequence),
                                "KEEPALIVED_BATCH_NOTIFIER=" + batch.notifier},
                               script_security_};
  plan.input = runtime::make_sealed_input(to_json(batch) + "\n");
  return plan;
}

core::DeliveryResult NotifyBatch::judge(int status, const std::string& reason) const {
  if (status == 0) {
    return {};
  }
  return {core::DeliveryStatus::failed, reason, {}};
}

}  // namespace batch_notifier::notifiers
