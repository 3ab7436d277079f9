// SPDX-License-Identifier: MIT
#include "tests/campaign/oracle.hpp"

#include <csignal>
#include <filesystem>
#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/support/process.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

namespace {

constexpr std::chrono::seconds dump_patience{2};

// Before 2.2.0 the place was fixed.
std::string dump_path(const std::string& directory) {
  const std::string path = directory + "/keepalived.data";
  return std::filesystem::exists(path) ? path : "/tmp/keepalived.data";
}

std::string after(const std::string& line, const std::string& words) {
  const std::size_t found = line.find(words);
  return found == std::string::npos ? "" : line.substr(found + words.size());
}

std::map<std::string, std::string> parse(const std::string& dump) {
  std::map<std::string, std::string> states;
  std::istringstream lines(dump);
  std::string instance;
  for (std::string line; std::getline(lines, line);) {
    if (const std::string name = after(line, "VRRP Instance = "); !name.empty()) {
      instance = name;
    } else if (const std::string state = after(line, "  State = ");
               !state.empty() && !instance.empty()) {
      states.emplace(instance, state);
      instance.clear();
    }
  }
  return states;
}

}  // namespace

std::map<std::string, std::string> keepalived_states(pid_t vrrp, const std::string& directory) {
  std::error_code absent;
  std::filesystem::remove(directory + "/keepalived.data", absent);
  std::filesystem::remove("/tmp/keepalived.data", absent);
  if (vrrp <= 0 || kill(vrrp, SIGUSR1) != 0) {
    return {};
  }
  // The interfaces come last.
  const auto complete = [&] {
    return read_file(dump_path(directory)).find("< Interfaces >") != std::string::npos;
  };
  if (!wait_until(complete, dump_patience)) {
    return {};
  }
  return parse(read_file(dump_path(directory)));
}

std::set<std::string> kernel_addresses(const NetworkNamespace& where) {
  const TemporaryDirectory directory;
  Process({"ip", "-n", where.name(), "-j", "address", "show"}, directory.file("addresses")).wait();
  std::set<std::string> found;
  const nlohmann::json interfaces =
      nlohmann::json::parse(read_file(directory.file("addresses")), nullptr, false);
  if (interfaces.is_discarded()) {
    return found;
  }
  for (const nlohmann::json& interface : interfaces) {
    for (const nlohmann::json& address : interface.value("addr_info", nlohmann::json::array())) {
      found.insert(address.value("local", ""));
    }
  }
  return found;
}

}  // namespace batch_notifier::tests
