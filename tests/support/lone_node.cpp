// SPDX-License-Identifier: MIT
#include "tests/support/lone_node.hpp"

#include <stdexcept>
#include <utility>

#include "ledger/ledger_format.hpp"
#include "tests/support/told.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

using nlohmann::json;

namespace {

/// Adds the node's own bus where a setup names none and yet wants keepalived to be on one.
NodeSetup with_bus(NodeSetup setup, const PrivateBus& bus) {
  if (setup.enable_dbus && setup.bus_address.empty()) {
    setup.bus_address = bus.address();
  }
  return setup;
}

void require(const KeepalivedNode& node, bool fulfilled, const std::string& complaint) {
  if (!fulfilled) {
    throw std::runtime_error(complaint + "\n" + node.log() + node.loader_log());
  }
}

template <typename Condition>
void expect_told(const KeepalivedNode& node, Condition condition, const std::string& expected) {
  for (const std::string& path : {node.command_file(), node.append_file()}) {
    const bool arrived = wait_until([&] { return condition(Told(path)); });
    require(node, arrived, path + " never tells " + expected + ":\n" + read_file(path));
    const std::string broken = Told(path).broken_promises();
    require(node, broken.empty(), broken);
  }
}

bool knows_everything(const KeepalivedNode& node) {
  const auto ledger = ledger::read_ledger(read_file(node.file("state/ledger")));
  for (const auto& notifier : ledger.notifiers) {
    for (std::size_t index = 0; index < ledger.instances.size(); ++index) {
      const auto& told = notifier.told[index];
      if (told.uncertain || told.state != ledger.instances[index].state) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

void expect_states(const KeepalivedNode& node, const std::map<std::string, std::string>& states) {
  expect_told(
      node, [&](const Told& told) { return told.states() == states; }, json(states).dump());
}

void expect_each(const KeepalivedNode& node, const std::vector<std::string>& states) {
  std::map<std::string, std::string> expected;
  for (std::size_t number = 0; number < states.size(); ++number) {
    expected["VI_" + std::to_string(number)] = states[number];
  }
  expect_states(node, expected);
}

void expect_field(const KeepalivedNode& node, const std::string& instance, const std::string& field,
                  const json& value) {
  const auto has_it = [&](const Told& told) {
    const json entry = told.entry(instance);
    return !entry.is_null() && entry.at(field) == value;
  };
  expect_told(node, has_it, instance + " with " + field + " " + value.dump());
}

void expect_another_holder(const KeepalivedNode& node, const std::string& former) {
  require(node, wait_until([&] { return !node.holder().empty() && node.holder() != former; }),
          "no other worker holds the state directory than " + former);
}

void expect_acknowledged(const KeepalivedNode& node) {
  require(node, wait_until([&] { return knows_everything(node); }), "not all is acknowledged");
}

bool ever_told(const KeepalivedNode& node, std::size_t first, const std::string& field,
               const json& value) {
  const Told told(node.command_file());
  for (std::size_t index = first; index < told.batches().size(); ++index) {
    for (const json& change : told.batches()[index].at("changes")) {
      if (change.at(field) == value) {
        return true;
      }
    }
  }
  return false;
}

void expect_no_plugin(const KeepalivedNode& node) {
  require(node, wait_until([&] { return node.plugin_processes().empty(); }),
          "the plugin does not end");
}

std::string LoneNode::configuration(std::size_t instances) {
  return ManyInstances::configuration(instances, "0.1") + quick_settings;
}

LoneNode::LoneNode(std::size_t instances) : LoneNode(instances, NodeSetup{}) {
  start();
}

LoneNode::LoneNode(std::size_t instances, NodeSetup setup, const std::string& more)
    : count(instances),
      node(network.node, with_bus(std::move(setup), bus), configuration(instances) + more) {
}

void LoneNode::start() {
  node.start();
  expect(std::vector<std::string>(count, "MASTER"));
}

}  // namespace batch_notifier::tests
