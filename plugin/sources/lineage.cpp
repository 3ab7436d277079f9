// SPDX-License-Identifier: MIT
#include "sources/lineage.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <utility>

#include <sys/stat.h>

namespace batch_notifier::sources {

namespace {

// More generations than any process has, should /proc ever lead in a circle.
constexpr std::size_t most_generations = 64;

std::string directory_of(const std::string& process) {
  return "/proc/" + process + "/";
}

// Identifies a network namespace; nothing if we may not know.
std::optional<std::pair<dev_t, ino_t>> network_of(const std::string& process) {
  struct stat status {};
  if (stat((directory_of(process) + "ns/net").c_str(), &status) != 0) {
    return std::nullopt;
  }
  return std::pair(status.st_dev, status.st_ino);
}

bool in_other_network(pid_t pid) {
  const auto ours = network_of("self");
  const auto theirs = network_of(std::to_string(pid));
  return ours && theirs && ours != theirs;
}

}  // namespace

Lineage::Lineage(bool same_network) : same_network_(same_network) {
  std::optional<Process> process = look_up(getpid());
  while (process && line_.size() < most_generations) {
    const pid_t parent = process->parent;
    line_.push_back(*std::move(process));
    process = parent > 0 ? look_up(parent) : std::nullopt;
  }
}

std::optional<Lineage::Process> Lineage::look_up(pid_t pid) {
  std::ifstream file(directory_of(std::to_string(pid)) + "stat");
  std::string line;
  std::getline(file, line);
  // "PID (NAME) STATE PARENT …", where a name may hold anything.
  const std::size_t open = line.find('(');
  const std::size_t close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) {
    return std::nullopt;
  }
  Process process{pid, 0, line.substr(open + 1, close - open - 1)};
  const std::size_t parent = line.find_first_of("0123456789", close);
  if (parent != std::string::npos) {
    std::from_chars(line.data() + parent, line.data() + line.size(), process.parent);
  }
  return process;
}

const Lineage::Process* Lineage::find(pid_t pid) const {
  const auto found = std::find_if(line_.begin(), line_.end(),
                                  [pid](const Process& process) { return process.pid == pid; });
  return found == line_.end() ? nullptr : &*found;
}

Kinship Lineage::of(pid_t pid) const {
  if (find(pid) != nullptr) {
    return Kinship::ours;
  }
  const std::optional<Process> process = look_up(pid);
  if (!process) {
    return Kinship::unknown;
  }
  // A respawned child of the keepalived that started us. Its name may be longer than its parent's:
  // keepalived can be told to name its processes after what they do.
  const Process* parent = find(process->parent);
  if (parent != nullptr && process->name.compare(0, parent->name.size(), parent->name) == 0) {
    return Kinship::ours;
  }
  const bool have_another = std::any_of(line_.begin(), line_.end(), [&](const Process& ancestor) {
    return ancestor.name == process->name;
  });
  if (have_another || (same_network_ && in_other_network(pid))) {
    return Kinship::stranger;
  }
  return Kinship::unknown;
}

}  // namespace batch_notifier::sources
