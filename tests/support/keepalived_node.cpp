// SPDX-License-Identifier: MIT
#include "tests/support/keepalived_node.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <sys/stat.h>

#include "tests/support/told.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

namespace {

std::string build_directory() {
  const char* given = std::getenv("BATCH_NOTIFIER_BUILD");
  return std::filesystem::absolute(given != nullptr ? given : "build").string();
}

/// All processes whose arguments contain each of these.
std::vector<pid_t> processes_with(const std::vector<std::string>& words) {
  std::vector<pid_t> pids;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    const std::string arguments = read_file(entry.path() / "cmdline");
    if (std::all_of(words.begin(), words.end(), [&](const std::string& word) {
          return arguments.find(word) != std::string::npos;
        })) {
      pids.push_back(static_cast<pid_t>(std::stol(name)));
    }
  }
  return pids;
}

}  // namespace

bool can_run_keepalived() {
  return geteuid() == 0 && std::system("command -v keepalived >/dev/null 2>&1") == 0;
}

KeepalivedNode::KeepalivedNode(const NetworkNamespace& where, const std::string& bus_address,
                               const std::string& body)
    : KeepalivedNode(where, NodeSetup{bus_address, !bus_address.empty(), true, ""}, body) {
}

KeepalivedNode::KeepalivedNode(const NetworkNamespace& where, NodeSetup setup,
                               const std::string& body)
    : where_(where),
      setup_(std::move(setup)),
      loader_(build_directory() + "/keepalived-plugin-loader") {
  write_file(file("consumer"), "#!/bin/sh\nexec cat >>" + command_file() + "\n");
  chmod(file("consumer").c_str(), 0755);
  configure(body);
}

KeepalivedNode::~KeepalivedNode() {
  if (keepalived_ && keepalived_->running()) {
    stop();
  }
  loaders_.clear();
  for (const pid_t pid : plugin_processes()) {
    kill(pid, SIGKILL);
  }
  // They are children of the process that adopts orphans here, so their end can only be watched.
  wait_until([this] { return plugin_processes().empty(); });
}

void KeepalivedNode::configure(const std::string& body) {
  const std::string build = build_directory();
  std::ostringstream text;
  text << "global_defs {\n"
       << (setup_.enable_dbus ? "    enable_dbus\n" : "") << "    vrrp_version 3\n"
       << "    script_user root\n"
       << setup_.more_globals;
  if (setup_.with_fifo) {
    text << "    vrrp_notify_fifo " << file("fifo") << "\n"
         << "    vrrp_notify_fifo_script \"" << loader_ << " -l"
         << (setup_.loader_is_given_config ? " -f " + file("keepalived.conf") : "") << " -s "
         << file("state") << " " << build << "/batch_notifier.so\"\n";
  }
  text << "}\n"
       << body << "\n@batch_notifier notify_batch \"" << file("consumer") << "\" "
       << command_options_ << "\n"
       << "@batch_notifier append_file \"" << append_file() << "\"\n";
  // At once, since a worker that is restarted may read it at any time.
  write_file(file("keepalived.conf.new"), text.str());
  std::filesystem::rename(file("keepalived.conf.new"), file("keepalived.conf"));
}

std::string KeepalivedNode::test_configuration() {
  Process test(where_.inside({"keepalived", "-t", "-f", file("keepalived.conf")}), file("test"));
  const std::optional<int> status = test.wait();
  return read_file(file("test")) + (status ? std::to_string(WEXITSTATUS(*status)) : "hangs");
}

void KeepalivedNode::start() {
  std::vector<std::string> arguments = {
      "keepalived", "--dont-fork",           "--log-console", "--vrrp",
      "--use-file", file("keepalived.conf"), "--pid",         file("keepalived.pid"),
      "--vrrp_pid", file("vrrp.pid")};
  arguments.insert(arguments.end(), setup_.keepalived_options.begin(),
                   setup_.keepalived_options.end());
  keepalived_ = std::make_unique<Process>(where_.inside(arguments), file("log"), environment());
}

std::map<std::string, std::string> KeepalivedNode::environment() const {
  // An empty address would mean the machine's own bus.
  const std::string nowhere = "unix:path=" + file("no-bus");
  return {{"DBUS_SYSTEM_BUS_ADDRESS", setup_.bus_address.empty() ? nowhere : setup_.bus_address},
          {"TMPDIR", files_.path()}};
}

Process& KeepalivedNode::start_loader(const std::string& fifo) {
  const std::string build = build_directory();
  std::vector<std::string> arguments{build + "/keepalived-plugin-loader",
                                     "-l",
                                     "-D",
                                     "-f",
                                     file("keepalived.conf"),
                                     "-s",
                                     file("state"),
                                     build + "/batch_notifier.so"};
  if (!fifo.empty()) {
    arguments.push_back(fifo);
  }
  return loaders_.emplace_back(where_.inside(arguments), file("loader.log"), environment());
}

void KeepalivedNode::stop() {
  keepalived_->signal(SIGTERM);
  keepalived_->wait();
}

void KeepalivedNode::crash() {
  // The parent would respawn the child, and the child stop in good order without its parent.
  keepalived_->signal(SIGSTOP);
  kill(pid_in("vrrp.pid"), SIGKILL);
  keepalived_->signal(SIGKILL);
  keepalived_->wait();
}

void KeepalivedNode::reload() {
  keepalived_->signal(SIGHUP);
}

std::vector<pid_t> KeepalivedNode::processes() const {
  return processes_with({path()});
}

std::vector<pid_t> KeepalivedNode::plugin_processes() const {
  return processes_with({"keepalived-plugin-loader", path()});
}

pid_t KeepalivedNode::worker() const {
  for (const pid_t pid : plugin_processes()) {
    if (getsid(pid) == pid) {
      return pid;
    }
  }
  return -1;
}

pid_t KeepalivedNode::supervisor() const {
  for (const pid_t pid : plugin_processes()) {
    if (getsid(pid) != pid) {
      return pid;
    }
  }
  return -1;
}

pid_t KeepalivedNode::pid_in(const std::string& name) const {
  return static_cast<pid_t>(std::stol(read_file(file(name))));
}

std::size_t KeepalivedNode::batches() const {
  return Told(command_file()).batches().size();
}

double KeepalivedNode::plugin_cpu_ms() const {
  double milliseconds = 0;
  for (const pid_t pid : plugin_processes()) {
    std::istringstream schedstat(read_file("/proc/" + std::to_string(pid) + "/schedstat"));
    double nanoseconds = 0;
    schedstat >> nanoseconds;
    milliseconds += nanoseconds / 1e6;
  }
  return milliseconds;
}

std::string KeepalivedNode::state_on_dbus(const std::string& path_end) const {
  const std::string answer = file("answer");
  std::filesystem::remove(answer);
  Process query({"dbus-send", "--bus=" + setup_.bus_address, "--print-reply=literal",
                 "--dest=org.keepalived.Vrrp1", "/org/keepalived/Vrrp1/Instance/" + path_end,
                 "org.freedesktop.DBus.Properties.Get", "string:org.keepalived.Vrrp1.Instance",
                 "string:State"},
                answer);
  query.wait();
  std::istringstream words(read_file(answer));
  std::string word;
  std::string last;
  while (words >> word) {
    if (word.find_first_not_of("{}") != std::string::npos) {
      last = word;
    }
  }
  return last;
}

}  // namespace batch_notifier::tests
