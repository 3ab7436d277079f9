// SPDX-License-Identifier: MIT
#include "tests/campaign/world.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>

#include "tests/support/loader.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

namespace {

// What a consumer may do on a bad night. It takes a batch in with one write, so that an attempt
// that is cut short is there whole or not at all.
const char* const command = R"(#!/bin/sh
refused() { printf '{"failed":"%s"}\n' "$KEEPALIVED_BATCH_ID" >>FILE; }
case $(cat MODE 2>/dev/null) in
unseen) exit 1 ;;
seen) cat >>FILE; refused; exit 1 ;;
hang) cat >>FILE; refused; exec sleep 600 ;;
slow) sleep 0.4; exec cat >>FILE ;;
*) exec cat >>FILE ;;
esac
)";

std::string replaced(std::string text, const std::string& word, const std::string& with) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word)) {
    text.replace(at, word.size(), with);
  }
  return text;
}

void write_program(const std::string& path, const std::string& text) {
  write_file(path, text);
  chmod(path.c_str(), 0755);
}

bool is_keepalived(pid_t pid) {
  return pid > 0 && read_file("/proc/" + std::to_string(pid) + "/comm") == "keepalived\n";
}

pid_t pid_in(const std::string& path) {
  const pid_t pid = std::atoi(read_file(path).c_str());
  return is_keepalived(pid) ? pid : -1;
}

bool leads_session(pid_t pid) {
  return getsid(pid) == pid;
}

}  // namespace

World::World() : node(node_network, bus.address(), "") {
  write_program(node.file("consumer"), replaced(replaced(command, "FILE", node.command_file()),
                                                "MODE", node.file("mode")));
  write_program(node.file("loader"),
                "#!/bin/sh\nexec " +
                    std::filesystem::absolute(built("keepalived-plugin-loader")).string() +
                    " -D -l \"$@\" 2>>" + node.file("plugin.log") + "\n");
  node.start_plugin_with(node.file("loader"));
  node.set_command_options("timeout 1 retry_max 1");
  for (const std::string& path : {node.command_file(), node.append_file()}) {
    consumers.push_back(std::make_unique<Consumer>(path));
  }
  for (auto& ends : cables_) {
    ends.fill(true);
  }
  connect(node_network, "node", 1);
  connect(neighbour_network_, "peer", 2);
  write_file(files_.file("neighbour.conf"), neighbour_configuration());
  neighbour_ = std::make_unique<Process>(
      neighbour_network_.inside({"keepalived", "--dont-fork", "--log-console", "--vrrp",
                                 "--use-file", files_.file("neighbour.conf"), "--pid",
                                 files_.file("pid"), "--vrrp_pid", files_.file("vrrp.pid")}),
      files_.file("log"));
}

World::~World() {
  rivals_.clear();
  neighbour_->signal(SIGTERM);
  neighbour_->wait();
}

void World::connect(const NetworkNamespace& network, const std::string& letter,
                    std::size_t host) const {
  network.run({"sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad"});
  for (std::size_t cable = 0; cable < campaign_cables; ++cable) {
    const std::string number = std::to_string(cable);
    const std::string bridge = "bridge" + number;
    const std::string port = letter + number;
    if (host == 1) {
      bridges_.ip("link add " + bridge + " type bridge");
      bridges_.ip("link set " + bridge + " up");
    }
    network.ip("link add eth" + number + " type veth peer name " + port + " netns " +
               bridges_.name());
    bridges_.ip("link set " + port + " master " + bridge + " up");
    network.ip("link set eth" + number + " up");
    network.ip("address add 10." + number + ".0." + std::to_string(host) + "/16 dev eth" + number);
  }
}

void World::set_cable(std::size_t cable, bool at_node, bool up) {
  bridges_.ip("link set " + std::string(at_node ? "node" : "peer") + std::to_string(cable) +
              (up ? " up" : " down"));
  cables_.at(cable).at(at_node ? 0 : 1) = up;
}

void World::load() {
  node.configure(node_configuration(plan));
  loaded_ = plan;
  for (std::size_t instance = 0; instance < campaign_instances; ++instance) {
    if (plan.removed.count(instance) == 0) {
      names_.insert(plan.name(instance));
    }
  }
}

void World::start() {
  load();
  rival_may_be_left_ = rival_may_be_left_ && !node.plugin_processes().empty();
  node.start();
  // A signal that comes before keepalived has its handlers would end it.
  wait_until([this] { return vrrp_process() > 0 && !node.plugin_processes().empty(); });
  life_ = Life::running;
  on_bus_ = bus_up_;
  fifo_suspect_ = rival_may_be_left_;
}

void World::stop() {
  node.stop();
  life_ = Life::stopped;
}

void World::kill_keepalived() {
  const pid_t vrrp = vrrp_process();
  // Held, or the parent would start another child, and the child would stop in good order.
  node.keepalived().signal(SIGSTOP);
  if (vrrp > 0) {
    kill(vrrp, SIGKILL);
  }
  node.keepalived().signal(SIGKILL);
  node.keepalived().wait();
  wait_until([&] { return !is_keepalived(vrrp); });
  life_ = Life::killed;
}

void World::kill_vrrp_process() {
  const pid_t vrrp = vrrp_process();
  if (vrrp <= 0) {
    return;
  }
  kill(vrrp, SIGKILL);
  wait_until([&] { return vrrp_process() > 0 && vrrp_process() != vrrp; });
  on_bus_ = bus_up_;
  fifo_suspect_ = rival_may_be_left_;
}

void World::reload() {
  // keepalived throws its FIFO away, with the lines in it that nobody has read.
  fifo_suspect_ = fifo_suspect_ || !fifo_is_read();
  load();
  node.reload();
}

void World::set_bus(bool up) {
  if (up) {
    bus.start();
  } else {
    bus.kill();
    on_bus_ = false;
  }
  bus_up_ = up;
}

// One that keepalived did not start cannot know that keepalived is still the same, and says so to
// the next: from then on the kernel has to do where D-Bus does not help.
void World::start_rival() {
  fifo_suspect_ = true;
  rival_may_be_left_ = true;
  rivals_.push_back(std::make_unique<Process>(
      node_network.inside(
          {node.file("loader"), "-f", node.file("keepalived.conf"), "-s", node.file("state"),
           std::filesystem::absolute(built("batch_notifier.so")).string(), node.file("fifo")}),
      node.file("plugin.log"),
      std::map<std::string, std::string>{{"DBUS_SYSTEM_BUS_ADDRESS", bus.address()}}));
}

void World::damage_ledger() {
  const pid_t guardian = supervisor();
  const pid_t victim = worker();
  if (guardian <= 0 || victim <= 0) {
    return;
  }
  kill(guardian, SIGSTOP);
  kill(victim, SIGKILL);
  wait_until([&] { return worker() != victim; });
  std::string text = read_file(node.file("state/ledger"));
  if (!text.empty()) {
    text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 1);
    write_file(node.file("state/ledger"), text);
    for (const auto& consumer : consumers) {
      consumer->expect_snapshot();
    }
    // Only the ledger knew what the FIFO had said.
    fifo_suspect_ = true;
  }
  kill(guardian, SIGCONT);
}

void World::journal(const std::string& text) const {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::tm local{};
  localtime_r(&now.tv_sec, &local);
  std::array<char, sizeof("0000-00-00 00:00:00.000")> time{};
  const std::size_t length = std::strftime(time.data(), time.size(), "%F %T", &local);
  std::snprintf(time.data() + length, time.size() - length, ".%03ld", now.tv_nsec / 1'000'000);
  std::ofstream(node.file("faults.log"), std::ios::app) << time.data() << ' ' << text << std::endl;
}

void World::set_command_mode(const std::string& mode) {
  write_file(node.file("mode.new"), mode);
  std::filesystem::rename(node.file("mode.new"), node.file("mode"));
}

pid_t World::worker() const {
  for (const pid_t pid : node.plugin_processes()) {
    if (leads_session(pid)) {
      return pid;
    }
  }
  return -1;
}

pid_t World::supervisor() const {
  for (const pid_t pid : node.plugin_processes()) {
    if (!leads_session(pid)) {
      return pid;
    }
  }
  return -1;
}

pid_t World::vrrp_process() const {
  return pid_in(node.file("vrrp.pid"));
}

bool World::fifo_is_read() const {
  std::error_code absent;
  for (const pid_t pid : node.plugin_processes()) {
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", absent)) {
      if (std::filesystem::equivalent(entry.path(), node.file("fifo"), absent)) {
        return true;
      }
    }
  }
  return false;
}

bool World::has_rival() const {
  for (const auto& rival : rivals_) {
    if (rival->running()) {
      return true;
    }
  }
  return false;
}

}  // namespace batch_notifier::tests
