// SPDX-License-Identifier: MIT
#include "tests/support/network_namespace.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "tests/support/process.hpp"

namespace batch_notifier::tests {

namespace {

const char* const names_directory = "/run/netns";
const char* const name_prefix = "bn-test-";

runtime::UniqueFd open_namespace(const std::string& path) {
  runtime::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    throw std::system_error(errno, std::generic_category(), path);
  }
  return fd;
}

void enter(const runtime::UniqueFd& network) {
  if (setns(network.get(), CLONE_NEWNET) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot enter a network namespace");
  }
}

bool owner_is_dead(const std::string& name) {
  const pid_t owner = std::atoi(name.substr(std::string(name_prefix).size()).c_str());
  return owner > 0 && kill(owner, 0) != 0 && errno == ESRCH;
}

void remove_leftovers() {
  std::error_code no_directory;
  std::vector<std::string> leftovers;
  for (const auto& entry : std::filesystem::directory_iterator(names_directory, no_directory)) {
    const std::string name = entry.path().filename();
    if (name.rfind(name_prefix, 0) == 0 && owner_is_dead(name)) {
      leftovers.push_back(name);
    }
  }
  for (const std::string& name : leftovers) {
    // Another test program may be removing it at the same time.
    Process({"ip", "netns", "delete", name}, "/dev/null").wait();
  }
}

std::string next_name() {
  static unsigned made = 0;
  return name_prefix + std::to_string(getpid()) + "-" + std::to_string(++made);
}

}  // namespace

NetworkNamespace::Stay::Stay(const NetworkNamespace& where)
    : home_(open_namespace("/proc/thread-self/ns/net")) {
  enter(open_namespace(std::string(names_directory) + "/" + where.name()));
}

NetworkNamespace::Stay::~Stay() {
  // With nowhere to return to, every later test would run in the wrong place.
  if (setns(home_.get(), CLONE_NEWNET) != 0) {
    std::abort();
  }
}

NetworkNamespace::NetworkNamespace() : name_(next_name()) {
  remove_leftovers();
  tests::run({"ip", "netns", "add", name_});
  try {
    ip("link set lo up");
  } catch (...) {
    Process({"ip", "netns", "delete", name_}).wait();
    throw;
  }
}

NetworkNamespace::~NetworkNamespace() {
  Process({"ip", "netns", "delete", name_}).wait();
}

void NetworkNamespace::ip(const std::string& arguments) const {
  std::vector<std::string> command{"ip", "-n", name_};
  std::istringstream words(arguments);
  for (std::string word; words >> word;) {
    command.push_back(word);
  }
  tests::run(command);
}

void NetworkNamespace::ip_batch(const std::string& lines) const {
  const TemporaryDirectory directory;
  write_file(directory.file("batch"), lines);
  tests::run({"ip", "-n", name_, "-batch", directory.file("batch")});
}

void NetworkNamespace::run(std::vector<std::string> arguments) const {
  tests::run(inside(std::move(arguments)));
}

std::vector<std::string> NetworkNamespace::inside(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"ip", "netns", "exec", name_});
  return arguments;
}

void NetworkNamespace::add_veth(const std::string& interface, const std::string& peer) const {
  ip("link add " + interface + " type veth peer name " + peer);
  ip("link set " + interface + " up");
  ip("link set " + peer + " up");
}

}  // namespace batch_notifier::tests
