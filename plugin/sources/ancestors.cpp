// SPDX-License-Identifier: MIT
#include "sources/ancestors.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <sys/stat.h>

namespace batch_notifier::sources {

using runtime::ProcessStat;
using runtime::read_process_stat;

namespace {

// More generations than any process has, should /proc ever lead in a circle.
constexpr std::size_t most_generations = 64;

std::string directory_of(const std::string& process) {
  return "/proc/" + process + "/";
}

// Identifies a network namespace; nothing if it may not be read.
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

Ancestors::Ancestors(bool same_network) : same_network_(same_network) {
  std::optional<ProcessStat> process = read_process_stat(getpid());
  while (process && line_.size() < most_generations) {
    const pid_t parent = process->parent;
    line_.push_back(*std::move(process));
    process = parent > 0 ? read_process_stat(parent) : std::nullopt;
  }
}

const ProcessStat* Ancestors::find(pid_t pid) const {
  const auto found = std::find_if(line_.begin(), line_.end(),
                                  [pid](const ProcessStat& process) { return process.pid == pid; });
  return found == line_.end() ? nullptr : &*found;
}

Relation Ancestors::of(pid_t pid) const {
  if (find(pid) != nullptr) {
    return Relation::ours;
  }
  const std::optional<ProcessStat> process = read_process_stat(pid);
  if (!process) {
    return Relation::unknown;
  }
  // A respawned child of the keepalived that started us. Its name may be longer than its parent's:
  // keepalived can be told to name its processes after what they do.
  const ProcessStat* parent = find(process->parent);
  if (parent != nullptr && process->name.compare(0, parent->name.size(), parent->name) == 0) {
    return Relation::ours;
  }
  const bool have_another =
      std::any_of(line_.begin(), line_.end(),
                  [&](const ProcessStat& ancestor) { return ancestor.name == process->name; });
  if (have_another || (same_network_ && in_other_network(pid))) {
    return Relation::stranger;
  }
  return Relation::unknown;
}

}  // namespace batch_notifier::sources
