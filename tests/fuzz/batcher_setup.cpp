// SPDX-License-Identifier: MIT
#include "tests/fuzz/batcher_setup.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace batch_notifier::fuzz {

namespace {

using core::VrrpState;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t instances_max = 8;
constexpr std::size_t notifiers_max = 3;

core::Instance take_instance(ProgramBytes& bytes, std::size_t number) {
  core::Instance instance;
  instance.name = "VI_" + std::to_string(number);
  instance.interface = "eth0";
  instance.vrid = static_cast<std::uint8_t>(number + 1);
  const std::size_t shape = bytes.below(16);
  for (std::size_t vip = 0; vip < shape % 3; ++vip) {
    instance.vips.emplace_back();
    instance.vips.back().excluded = shape == 8;
  }
  if (shape % 4 == 1) {
    instance.master_hold = core::MasterHold{seconds(0)};
  } else if (shape % 4 == 2) {
    instance.master_hold = core::MasterHold{seconds(3)};
  }
  instance.ignored = shape == 15;
  return instance;
}

core::NotifierSettings take_notifier(ProgramBytes& bytes, std::size_t number) {
  static const std::array<std::vector<VrrpState>, 4> states{{
      {},
      {},
      {VrrpState::master, VrrpState::backup},
      {VrrpState::fault, VrrpState::stop, VrrpState::unknown},
  }};
  using Selects = std::function<bool(const std::string&)>;
  static const std::array<Selects, 4> selections{
      Selects(), Selects(),
      [](const std::string& name) { return name == "VI_0" || name == "VI_2"; },
      [](const std::string&) { return false; }};
  core::NotifierSettings notifier;
  notifier.name = "notify_batch:" + std::to_string(number + 1);
  notifier.target = {"/usr/local/bin/consumer-" + std::to_string(number)};
  const std::size_t shape = bytes.below(16);
  notifier.states = states.at(shape % 4);
  notifier.selects = selections.at(shape / 4);
  notifier.retry_max = shape % 2 == 0 ? seconds(60) : seconds(1);
  return notifier;
}

}  // namespace

core::Topology take_topology(ProgramBytes& bytes) {
  core::Topology topology;
  topology.dbus_enabled = bytes.below(4) != 3;
  const std::size_t count = 1 + bytes.below(instances_max);
  for (std::size_t number = 0; number < count; ++number) {
    topology.instances.push_back(take_instance(bytes, number));
  }
  return topology;
}

core::Settings take_settings(ProgramBytes& bytes) {
  constexpr std::array waits{milliseconds(100), milliseconds(0), milliseconds(2000)};
  constexpr std::array max_waits{milliseconds(1000), milliseconds(50), milliseconds(0)};
  constexpr std::array intervals{seconds(2), seconds(0), seconds(10)};
  constexpr std::array repeats{seconds(0), seconds(0), seconds(30), seconds(1)};
  core::Settings settings;
  settings.timing.wait = bytes.choose(waits);
  settings.timing.max_wait = bytes.choose(max_waits);
  settings.timing.interval = bytes.choose(intervals);
  const std::size_t rest = bytes.below(16);
  settings.timing.repeat_interval = repeats.at(rest / 4);
  settings.timing.max_changes = rest % 4;
  settings.health_wait = rest % 4 == 3 ? seconds(0) : seconds(1);
  const std::size_t count = 1 + bytes.below(notifiers_max);
  for (std::size_t number = 0; number < count; ++number) {
    settings.notifiers.push_back(take_notifier(bytes, number));
  }
  return settings;
}

}  // namespace batch_notifier::fuzz
