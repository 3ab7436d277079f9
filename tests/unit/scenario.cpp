// SPDX-License-Identifier: MIT
#include "tests/unit/scenario.hpp"

#include <cmath>
#include <stdexcept>

namespace batch_notifier::tests {

using core::DeliveryStatus;
using core::VrrpState;

Scenario::Scenario() {
  topology.dbus_enabled = true;
}

core::Instance& Scenario::add_instance(const std::string& name, std::size_t vips) {
  core::Instance instance;
  instance.name = name;
  instance.interface = "eth0";
  instance.vrid = static_cast<std::uint8_t>(topology.instances.size() % 255 + 1);
  for (std::size_t number = 0; number < vips; ++number) {
    core::VirtualAddress vip;
    vip.address.bytes[0] = 10;
    vip.address.bytes[1] = static_cast<std::uint8_t>(topology.instances.size() / 256);
    vip.address.bytes[2] = static_cast<std::uint8_t>(topology.instances.size() % 256);
    vip.address.bytes[3] = static_cast<std::uint8_t>(number);
    vip.interface = "eth0";
    instance.vips.push_back(vip);
  }
  topology.instances.push_back(instance);
  return topology.instances.back();
}

core::NotifierSettings& Scenario::add_notifier() {
  core::NotifierSettings notifier;
  notifier.name = "notify_batch:" + std::to_string(settings.notifiers.size() + 1);
  answers_[settings.notifiers.size()] = DeliveryStatus::delivered;
  settings.notifiers.push_back(notifier);
  return settings.notifiers.back();
}

void Scenario::begin() {
  engine_.emplace(settings, core::RunIdentity{"epoch", "node1", keepalived, fifo, true}, 1U, former,
                  clocks());
  configure();
}

void Scenario::configure() {
  happen(core::ConfigurationChanged{engine_->keepalived(""), topology});
}

void Scenario::begin_settled(VrrpState state) {
  begin();
  happen(core::Observation(core::DbusOwnerFound{}));
  for (const core::Instance& instance : topology.instances) {
    answer(instance.name, state);
    addresses(instance.name,
              state == VrrpState::master ? static_cast<std::uint32_t>(instance.vips.size()) : 0U);
  }
  happen(core::Observation(core::DbusReadComplete{}));
  happen(core::Observation(core::KernelReadComplete{}));
  advance(10);
}

core::Now Scenario::clocks() const {
  const core::Duration elapsed(std::llround(now_ * 1e6));
  return {core::MonotonicTime(std::chrono::hours(1) + elapsed),
          core::UtcTime(std::chrono::hours(24 * 365 * 50) + elapsed)};
}

void Scenario::advance_to(Seconds time) {
  const core::MonotonicTime origin{std::chrono::hours(1)};
  for (int rounds = 0; rounds < 1'000'000; ++rounds) {
    const std::optional<core::MonotonicTime> deadline = engine_->deadline();
    if (!deadline || std::chrono::duration<double>(*deadline - origin).count() > time + 1e-9) {
      now_ = time;
      return;
    }
    now_ = std::max(now_, std::chrono::duration<double>(*deadline - origin).count());
    perform(engine_->step(core::TimeReached{}, clocks()));
  }
  throw std::logic_error("the engine never comes to rest");
}

void Scenario::happen(const core::Event& event) {
  perform(engine_->step(event, clocks()));
}

void Scenario::happen(const core::Observation& observation) {
  happen(core::Event(core::Observed{engine_->keepalived(""), observation}));
}

void Scenario::hand_over() {
  happen(core::HandoverRequested{});
  happen(core::FifoHandedOver{});
}

void Scenario::signal(const std::string& name, VrrpState state) {
  happen(core::Observation(
      core::StateSeen{core::Witness::dbus, index(name), state, false, std::nullopt}));
}

void Scenario::change(const std::string& name, VrrpState state) {
  const std::size_t vips = topology.instances[index(name)].vips.size();
  addresses(name, state == VrrpState::master ? static_cast<std::uint32_t>(vips) : 0U);
  signal(name, state);
}

void Scenario::answer(const std::string& name, VrrpState state) {
  happen(core::Observation(
      core::StateSeen{core::Witness::dbus, index(name), state, true, std::nullopt}));
}

void Scenario::addresses(const std::string& name, std::uint32_t present) {
  happen(core::Observation(core::VipsSeen{index(name), present, present > 0}));
}

void Scenario::answer_with(std::size_t notifier, std::optional<DeliveryStatus> status) {
  answers_[notifier] = status;
}

void Scenario::finish(std::size_t notifier, const core::DeliveryResult& result) {
  happen(core::DeliveryFinished{notifier, result});
}

const core::Batch& Scenario::last(std::size_t notifier) {
  if (attempts_[notifier].empty()) {
    throw std::logic_error("nothing has been told");
  }
  return attempts_[notifier].back().batch;
}

std::optional<core::Change> Scenario::entry(const core::Batch& batch, const std::string& name) {
  for (const core::Change& change : batch.changes) {
    if (change.instance == name) {
      return change;
    }
  }
  return std::nullopt;
}

const core::InstanceRow& Scenario::row(const std::string& name) {
  const auto id = engine_->instances().find(engine_->keepalived(""), name);
  if (!id) {
    throw std::logic_error("no row " + name);
  }
  return engine_->instances()[*id];
}

core::InstanceIndex Scenario::index(const std::string& name) const {
  for (core::InstanceIndex index = 0; index < topology.instances.size(); ++index) {
    if (topology.instances[index].name == name) {
      return index;
    }
  }
  throw std::logic_error("no instance " + name);
}

void Scenario::perform(const std::vector<core::Action>& actions) {
  for (const core::Action& action : actions) {
    if (const auto* delivery = std::get_if<core::Deliver>(&action)) {
      attempts_[delivery->notifier].push_back({now_, delivery->batch});
      if (answers_[delivery->notifier]) {
        finish(delivery->notifier, {*answers_[delivery->notifier], "as told", std::nullopt, {}});
      }
    } else if (const auto* completed = std::get_if<core::StopCompleted>(&action)) {
      reason_ = completed->reason;
      stopped_ = completed->reason == core::StopCompleted::Reason::delivered;
    }
    if (!std::holds_alternative<core::Deliver>(action)) {
      actions_.push_back(action);
    }
  }
}

}  // namespace batch_notifier::tests
