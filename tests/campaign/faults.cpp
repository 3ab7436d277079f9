// SPDX-License-Identifier: MIT
#include "tests/campaign/faults.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "runtime/unique_fd.hpp"

namespace batch_notifier::tests {

namespace {

constexpr std::size_t most_faults = 5;
constexpr std::size_t longest_pause_ms = 300;

// CAMPAIGN_FAULTS names the only faults to draw, between commas: a loss that needs a rare sequence
// is found again in less time.
bool is_wanted(const std::string& name) {
  const char* only = std::getenv("CAMPAIGN_FAULTS");
  return only == nullptr ||
         ("," + std::string(only) + ",").find("," + name + ",") != std::string::npos;
}

}  // namespace

struct Faults::Kind {
  const char* name;
  std::size_t weight;
  void (*commit)(Faults&);
  bool needs_keepalived;
};

const std::vector<Faults::Kind>& Faults::kinds() {
  static const std::vector<Kind> wanted = [] {
    std::vector<Kind> all{
        {"cable", 12, [](Faults& own) { own.change_cable(); }, false},
        {"bus", 3, [](Faults& own) { own.change_bus(); }, false},
        {"start or stop", 3, [](Faults& own) { own.start_or_stop(); }, false},
        {"keepalived killed", 2, [](Faults& own) { own.world_.kill_keepalived(); }, true},
        {"VRRP process killed", 2, [](Faults& own) { own.world_.kill_vrrp_process(); }, true},
        {"reload", 2, [](Faults& own) { own.world_.reload(); }, true},
        {"reload with changes", 3, [](Faults& own) { own.change_plan(); }, true},
        {"worker killed", 3, [](Faults& own) { own.kill_worker(); }, false},
        {"supervisor killed", 1, [](Faults& own) { own.kill_supervisor(); }, false},
        {"worker frozen", 2, [](Faults& own) { own.freeze_worker(); }, false},
        {"ledger damaged", 1, [](Faults& own) { own.world_.damage_ledger(); }, false},
        {"second loader", 1, [](Faults& own) { own.world_.start_rival(); }, true},
        {"FIFO flooded", 1, [](Faults& own) { own.flood_fifo(); }, true},
        {"garbage on the FIFO", 2, [](Faults& own) { own.write_garbage(); }, true},
        {"FIFO unlinked", 1, [](Faults& own) { own.unlink_fifo(); }, true},
        {"address storm", 1, [](Faults& own) { own.storm_addresses(); }, false},
        {"VIP deleted by hand", 2, [](Faults& own) { own.delete_vip(); }, true},
        {"VIP added by hand", 2, [](Faults& own) { own.add_vip(); }, true},
        {"forged signals", 2, [](Faults& own) { own.forge_signals(); }, false},
        {"command in trouble", 4, [](Faults& own) { own.trouble_command(); }, false}};
    all.erase(std::remove_if(all.begin(), all.end(),
                             [](const Kind& kind) { return !is_wanted(kind.name); }),
              all.end());
    return all;
  }();
  return wanted;
}

std::string Faults::round() {
  std::string log;
  plugin_disturbed_ = false;
  const std::size_t count = 1 + draw(most_faults);
  for (std::size_t fault = 0; fault < count; ++fault) {
    commit_one(log);
    pause();
  }
  end_round(log);
  return log;
}

// Part of the program, as the faults themselves are: not a wait for anything.
void Faults::pause() {
  std::this_thread::sleep_for(std::chrono::milliseconds(draw(longest_pause_ms)));
}

void Faults::commit_one(std::string& log) {
  std::size_t weights = 0;
  for (const Kind& kind : kinds()) {
    weights += kind.weight;
  }
  std::size_t drawn = draw(weights);
  for (const Kind& kind : kinds()) {
    if (drawn >= kind.weight) {
      drawn -= kind.weight;
      continue;
    }
    if (!kind.needs_keepalived || runs()) {
      log += (log.empty() ? "" : ", ") + std::string(kind.name);
      ++committed_[kind.name];
      note_.clear();
      world_.journal(kind.name);
      kind.commit(*this);
      log += note_;
    }
    return;
  }
}

void Faults::end_round(std::string& log) {
  world_.journal("the faults of this round end");
  world_.set_command_mode("ok");
  // Where nobody was left to tell of an end, the next one to be told is a beginning.
  if (!runs() && (untold_ || draw(2) == 0)) {
    log += "; start";
    world_.start();
    untold_ = false;
  }
  if (runs() && world_.node.plugin_processes().empty()) {
    // keepalived starts its scripts once, so this is what an operator has to do.
    log += "; reload";
    world_.reload();
  }
}

void Faults::change_cable() {
  const std::size_t cable = draw(campaign_cables);
  const bool at_node = draw(3) != 0;
  world_.set_cable(cable, at_node, !world_.cable(cable, at_node));
}

void Faults::change_bus() {
  const bool was_up = world_.bus_is_up();
  world_.set_bus(!was_up);
  if (was_up && draw(2) == 0) {
    pause();
    world_.set_bus(true);
  }
}

void Faults::start_or_stop() {
  if (!runs()) {
    world_.start();
    return;
  }
  untold_ = world_.node.plugin_processes().empty();
  world_.stop();
}

void Faults::change_plan() {
  for (std::size_t change = 1 + draw(4); change > 0; --change) {
    const std::size_t instance = draw(campaign_instances);
    if (!may_change(instance)) {
      world_.plan.unhurried = !world_.plan.unhurried;
      continue;
    }
    std::set<std::size_t>& set = draw(2) == 0 ? world_.plan.removed : world_.plan.renamed;
    if (set.erase(instance) == 0) {
      set.insert(instance);
    }
  }
  world_.reload();
}

void Faults::kill_worker() {
  plugin_disturbed_ = true;
  // One that keepalived has left behind to tell the rest has nobody to replace it.
  untold_ = untold_ || !runs();
  if (const pid_t worker = world_.worker(); worker > 0) {
    kill(worker, SIGKILL);
  }
}

void Faults::kill_supervisor() {
  plugin_disturbed_ = true;
  if (const pid_t supervisor = world_.supervisor(); supervisor > 0) {
    kill(supervisor, SIGKILL);
  }
}

void Faults::freeze_worker() {
  const pid_t worker = world_.worker();
  if (worker <= 0) {
    return;
  }
  plugin_disturbed_ = true;
  kill(worker, SIGSTOP);
  std::string meanwhile;
  commit_one(meanwhile);
  note_ += " (" + meanwhile + ")";
  pause();
  kill(worker, SIGCONT);
}

void Faults::flood_fifo() {
  const pid_t worker = world_.worker();
  if (worker > 0) {
    kill(worker, SIGSTOP);
  }
  const runtime::UniqueFd fifo(
      open(world_.node.file("fifo").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  const std::string line = "INSTANCE \"nobody\" MASTER 1\n";
  while (fifo && write(fifo.get(), line.data(), line.size()) > 0) {
  }
  world_.suspect_fifo();
  change_cable();
  pause();
  if (worker > 0) {
    kill(worker, SIGCONT);
  }
}

void Faults::write_garbage() {
  const runtime::UniqueFd fifo(
      open(world_.node.file("fifo").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  using std::string_literals::operator""s;
  const std::string garbage = "\0\xff\nINSTANCE \"VI_1\nVS [1]:2:3 UP\n\0"s;
  if (fifo && write(fifo.get(), garbage.data(), garbage.size()) < 0) {
    world_.suspect_fifo();
  }
}

void Faults::unlink_fifo() {
  unlink(world_.node.file("fifo").c_str());
  world_.suspect_fifo();
}

void Faults::storm_addresses() {
  constexpr std::size_t addresses = 3000;
  const pid_t worker = world_.worker();
  if (worker > 0) {
    kill(worker, SIGSTOP);
  }
  std::string added;
  std::string deleted;
  for (std::size_t number = 0; number < addresses; ++number) {
    const std::string address = "172.16." + std::to_string(number / 250) + "." +
                                std::to_string(number % 250 + 1) + "/32 dev lo\n";
    added += "address add " + address;
    deleted += "address del " + address;
  }
  world_.node_network.ip_batch(added + deleted);
  if (worker > 0) {
    kill(worker, SIGCONT);
  }
}

void Faults::delete_vip() {
  const std::size_t instance = draw(campaign_instances);
  const std::vector<std::string> vips = vips_of(instance);
  const std::string vip = vips[draw(vips.size())];
  Process({"ip", "-n", world_.node_network.name(), "address", "del", vip, "dev",
           interface_of(instance)},
          "/dev/null")
      .wait();
}

void Faults::add_vip() {
  const std::size_t instance = draw(campaign_instances);
  Process({"ip", "-n", world_.node_network.name(), "address", "add", vips_of(instance).front(),
           "dev", interface_of(instance)},
          "/dev/null")
      .wait();
}

void Faults::forge_signals() {
  if (!world_.bus_is_up()) {
    return;
  }
  const std::size_t instance = draw(campaign_instances);
  const std::string router = std::to_string(instance / campaign_cables + 1);
  for (const char* state : {"0", "1", "2", "3", "98"}) {
    Process({"dbus-send", "--bus=" + world_.bus.address(), "--type=signal",
             "/org/keepalived/Vrrp1/Instance/" + interface_of(instance) + "/" + router + "/IPv4",
             "org.keepalived.Vrrp1.Instance.VrrpStatusChange", std::string("uint32:") + state})
        .wait();
  }
}

void Faults::trouble_command() {
  static const char* const modes[] = {"unseen", "seen", "hang", "slow", "ok"};
  world_.set_command_mode(modes[draw(5)]);
}

}  // namespace batch_notifier::tests
