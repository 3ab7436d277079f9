// SPDX-License-Identifier: MIT
#include "tests/support/loader.hpp"

#include <csignal>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

namespace {

constexpr mode_t fifo_mode = 0600;

}  // namespace

std::string built(const std::string& name) {
  const char* directory = std::getenv("BATCH_NOTIFIER_BUILD");
  return std::string(directory == nullptr ? "build" : directory) + "/" + name;
}

LoaderBench::LoaderBench() {
  if (mkfifo(fifo_path.c_str(), fifo_mode) != 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    throw std::runtime_error("cannot prepare for loaders");
  }
}

LoaderBench::~LoaderBench() {
  loaders_.clear();
  for (const pid_t worker : workers()) {
    // Only a child of ours that has not been waited for can have this process ID.
    if (waitpid(worker, nullptr, WNOHANG) == 0) {
      kill(worker, SIGKILL);
      waitpid(worker, nullptr, 0);
    }
  }
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

void LoaderBench::configure(const std::string& behaviour) const {
  write_file(config_path, behaviour + "\n");
}

Process& LoaderBench::start(const std::vector<std::string>& more_options,
                            const std::vector<std::string>& prefix) {
  // setsid(1) executes the program in its own process, so the process ID is the loader's.
  std::vector<std::string> arguments = prefix;
  arguments.insert(arguments.end(), {"setsid", built("keepalived-plugin-loader"), "--log-console",
                                     "--config", config_path, "--state-dir", state_dir});
  arguments.insert(arguments.end(), more_options.begin(), more_options.end());
  arguments.insert(arguments.end(), {plugin, fifo_path});
  return loaders_.emplace_back(
      arguments, output_path,
      std::map<std::string, std::string>{{"FAKE_PLUGIN_TRACE", trace_path}});
}

Process& LoaderBench::start_plain(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {built("keepalived-plugin-loader")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return loaders_.emplace_back(
      command, output_path, std::map<std::string, std::string>{{"FAKE_PLUGIN_TRACE", trace_path}});
}

bool LoaderBench::wait_for_trace(const std::string& text) const {
  return wait_until([&] { return trace().find(text) != std::string::npos; });
}

std::vector<pid_t> LoaderBench::wait_for_workers(std::size_t count) const {
  std::vector<pid_t> found;
  wait_until([&] {
    found = workers();
    return found.size() >= count;
  });
  return found;
}

std::optional<int> LoaderBench::wait_for_orphan(pid_t worker) {
  int status = 0;
  if (!wait_until([&] { return waitpid(worker, &status, WNOHANG) == worker; })) {
    return std::nullopt;
  }
  return status;
}

bool LoaderBench::adopt(pid_t worker) {
  pid_t ended = -1;
  wait_until([&] { return (ended = waitpid(worker, nullptr, WNOHANG)) >= 0; });
  return ended == 0;
}

std::vector<pid_t> LoaderBench::workers() const {
  const std::string start = "start pid=";
  std::vector<pid_t> found;
  std::istringstream lines(trace());
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, start.size(), start) == 0) {
      found.push_back(std::stoi(line.substr(start.size())));
    }
  }
  return found;
}

}  // namespace batch_notifier::tests
