// SPDX-License-Identifier: MIT
#include "runtime/process_stat.hpp"

#include <cstddef>
#include <fstream>  // IWYU pragma: keep
#include <iterator>
#include <sstream>  // IWYU pragma: keep

namespace batch_notifier::runtime {

namespace {

// Numbers between the parent and the time of the start: fields (5) to (21) of proc(5).
constexpr int fields_between = 17;

}  // namespace

std::optional<ProcessStat> read_process_stat(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  // "PID (NAME) STATE PARENT …"
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) {
    return std::nullopt;
  }
  ProcessStat process{pid, text.substr(open + 1, close - open - 1)};
  std::istringstream fields(text.substr(close + 1));
  char state = 0;
  fields >> state >> process.parent;
  std::string skipped;
  for (int field = 0; field < fields_between; ++field) {
    fields >> skipped;
  }
  fields >> process.started;
  return fields ? std::optional(process) : std::nullopt;
}

}  // namespace batch_notifier::runtime
