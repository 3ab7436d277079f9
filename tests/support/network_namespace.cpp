// SPDX-License-Identifier: MIT
#include "tests/support/network_namespace.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <system_error>

#include "tests/support/janitor.hpp"
#include "tests/support/process.hpp"

namespace batch_notifier::tests {

namespace {

const char* const names_directory = "/run/netns";

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

std::string next_name() {
  static unsigned made = 0;
  return namespace_prefix() + std::to_string(++made);
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
  call_janitor();
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
