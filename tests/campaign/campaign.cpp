// SPDX-License-Identifier: MIT
/// @file
/// A bad year in an hour: rounds of random faults on a real keepalived with fifty instances, and
/// after each round the question whether both consumers know what is true. Prints what was done and
/// what was lost; the seed makes the same program again.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "tests/campaign/faults.hpp"
#include "tests/campaign/oracle.hpp"
#include "tests/campaign/world.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier::tests;

namespace {

constexpr std::chrono::seconds calm_patience{40};
constexpr std::chrono::milliseconds calm_for{300};

/// The beginning of a list of lines, and how many more there are.
std::string beginning(const std::string& lines) {
  constexpr std::size_t most = 12;
  std::size_t end = 0;
  std::size_t count = 0;
  for (std::size_t next = lines.find('\n'); next != std::string::npos;
       next = lines.find('\n', next + 1)) {
    end = count < most ? next + 1 : end;
    ++count;
  }
  const std::string more = "and " + std::to_string(count - std::min(count, most)) + " more\n";
  return lines.substr(0, end) + (count > most ? more : "");
}

/// One truth, and who may say what of it.
class Judge {
 public:
  Judge(World& world, const Faults& faults) : world_(world), faults_(faults) {}

  /// What differs between the consumers and the truth, one line each; empty if nothing does.
  std::string differences() {
    std::map<std::string, std::string> states;
    if (world_.life() == Life::running) {
      states = keepalived_states(world_.vrrp_process(), world_.node.path());
      if (states.size() != campaign_instances - world_.loaded().removed.size()) {
        return "keepalived names " + std::to_string(states.size()) + " instances\n";
      }
    }
    const std::set<std::string> addresses = kernel_addresses(world_.node_network);
    std::string text;
    for (const auto& consumer : world_.consumers) {
      consumer->catch_up();
      std::set<std::string> left = world_.names();
      for (std::size_t instance = 0; instance < campaign_instances; ++instance) {
        if (world_.loaded().removed.count(instance) == 0) {
          const std::string name = world_.loaded().name(instance);
          left.erase(name);
          text += differences(*consumer, name, expected(states[name], instance, addresses));
          text += health_difference(*consumer, name, states[name], instance, addresses);
        }
      }
      for (const std::string& name : left) {
        // One that is not known any more, because a snapshot did not name it, is as good as
        // deleted.
        if (consumer->newest().count(name) != 0) {
          text += differences(*consumer, name, {"DELETED"});
        }
      }
    }
    return text;
  }

 private:
  using Words = std::set<std::string>;

  [[nodiscard]] Words expected(const std::string& state, std::size_t instance,
                               const Words& addresses) const {
    if (world_.life() == Life::killed) {
      return {"UNKNOWN"};
    }
    if (world_.life() == Life::stopped) {
      return faults_.plugin_was_disturbed() || world_.is_blind() ? Words{"STOP", "UNKNOWN"}
                                                                 : Words{"STOP"};
    }
    if (!world_.is_blind()) {
      return {state};
    }
    const bool vip_present = addresses.count(vips_of(instance).front()) != 0;
    if (vip_present && state == "MASTER") {
      return {state};
    }
    return vip_present ? Words{"BACKUP", "FAULT", "MASTER"} : Words{"BACKUP", "FAULT"};
  }

  static std::string differences(const Consumer& consumer, const std::string& name,
                                 const Words& states) {
    const auto found = consumer.newest().find(name);
    if (found == consumer.newest().end()) {
      return name + " was never told\n";
    }
    const std::string told = found->second.at("state");
    return states.count(told) != 0
               ? ""
               : name + " is " + *states.begin() + " and was told as " + told + "\n";
  }

  // What is told without keepalived is told once; nobody is there to see addresses change.
  [[nodiscard]] std::string health_difference(const Consumer& consumer, const std::string& name,
                                              const std::string& state, std::size_t instance,
                                              const Words& addresses) const {
    const auto found = consumer.newest().find(name);
    if (world_.life() != Life::running || found == consumer.newest().end()) {
      return "";
    }
    const std::vector<std::string> vips = vips_of(instance);
    const auto present = static_cast<std::size_t>(
        std::count_if(vips.begin(), vips.end(),
                      [&](const std::string& vip) { return addresses.count(vip) != 0; }));
    const bool master =
        (world_.is_blind() ? found->second.at("state").get<std::string>() : state) == "MASTER";
    const std::string otherwise = present == 0 ? "ok" : "vip_unexpected";
    const std::string whole = present == vips.size() ? "ok" : "vip_missing";
    // keepalived can miss the end of a link, and a VIP that was added by hand looks like MASTER.
    const bool connected = world_.cable(instance % campaign_cables, true);
    const std::string as_master = connected ? whole : "link_down";
    const std::string health = master ? as_master : otherwise;
    const std::string told = found->second.at("health");
    return told == health ? "" : name + " has health " + health + " and was told as " + told + "\n";
  }

  World& world_;
  const Faults& faults_;
};

class Campaign {
 public:
  explicit Campaign(unsigned seed) : faults_(world_, seed), judge_(world_, faults_) {}

  /// One round; says whether nothing was lost.
  bool round(std::size_t number) {
    world_.journal("round " + std::to_string(number));
    const std::string committed = number == 0 ? "start" : faults_.round();
    if (number == 0) {
      world_.start();
    }
    std::string differences;
    const bool calm = wait_for_calm(differences);
    std::string broken = differences;
    for (const auto& consumer : world_.consumers) {
      broken += consumer->broken_promises();
      consumer->settled();
    }
    if (!calm || !broken.empty()) {
      std::cout << "round " << number << ": " << committed << "\n"
                << beginning(broken) << std::flush;
      return false;
    }
    if (std::getenv("CAMPAIGN_VERBOSE") != nullptr) {
      std::cout << "round " << number << ": " << committed << std::endl;
    }
    return true;
  }

  /// Ends everything; names processes that do not end.
  std::string end() {
    if (world_.life() == Life::running) {
      world_.stop();
    }
    for (const pid_t pid : world_.node.plugin_processes()) {
      if (world_.has_rival() || pid == world_.worker()) {
        kill(pid, SIGTERM);
      }
    }
    wait_until([this] { return world_.node.processes().empty(); });
    std::string left;
    for (const pid_t pid : world_.node.processes()) {
      left += "process " + std::to_string(pid) +
              " was left behind: " + read_file("/proc/" + std::to_string(pid) + "/cmdline") + "\n";
    }
    return left;
  }

  void report(std::size_t rounds, std::size_t lost) const {
    std::cout << rounds << " rounds;";
    for (const auto& [name, count] : faults_.committed()) {
      std::cout << " " << name << " " << count << ",";
    }
    for (const auto& consumer : world_.consumers) {
      std::cout << " " << consumer->batches() << " batches,";
    }
    std::cout << " lost: " << lost << std::endl;
  }

  World& world() { return world_; }

 private:
  /// Waits until everybody knows the truth and goes on knowing it.
  bool wait_for_calm(std::string& differences) {
    auto right_since = std::chrono::steady_clock::time_point::max();
    return wait_until(
        [&] {
          differences = judge_.differences();
          const auto now = std::chrono::steady_clock::now();
          if (!differences.empty()) {
            right_since = std::chrono::steady_clock::time_point::max();
            return false;
          }
          right_since = std::min(right_since, now);
          return now - right_since >= calm_for;
        },
        calm_patience);
  }

  World world_;
  Faults faults_;
  Judge judge_;
};

}  // namespace

int main(int argc, char** argv) {
  if (!can_run_keepalived()) {
    std::cout << "skipped: campaign: needs root and keepalived" << std::endl;
    return 0;
  }
  const std::size_t rounds = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1000;
  const unsigned seed =
      argc > 2 ? static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)) : std::random_device()();
  std::cout << "campaign of " << rounds << " rounds, seed " << seed << std::endl;
  Campaign campaign(seed);
  std::size_t done = 0;
  bool right = true;
  while (right && done <= rounds) {
    right = campaign.round(done++);
  }
  if (!right) {
    if (const char* keep = std::getenv("CAMPAIGN_KEEP"); keep != nullptr) {
      run({"cp", "-r", campaign.world().node.path(), keep});
    }
  }
  const std::string left = campaign.end();
  std::cout << left;
  campaign.report(done - 1, right ? 0 : 1);
  return right && left.empty() ? 0 : 1;
}
