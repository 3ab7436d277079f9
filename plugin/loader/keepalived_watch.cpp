// SPDX-License-Identifier: MIT
#include "loader/keepalived_watch.hpp"

#include <limits.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>

#include <sys/syscall.h>

namespace batch_notifier::loader {

namespace {

const std::string program = "keepalived";

// The file it was started from, which `vrrp_process_name` and an upgrade leave alone; only the name
// of the process where the file may not be seen.
std::string program_of(pid_t pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  std::array<char, PATH_MAX> target{};
  const ssize_t length = readlink((process + "/exe").c_str(), target.data(), target.size());
  if (length > 0) {
    const std::string path(target.data(), static_cast<std::size_t>(length));
    return path.substr(path.rfind('/') + 1);
  }
  std::string name;
  std::getline(std::ifstream(process + "/comm"), name);
  return name;
}

}  // namespace

runtime::UniqueFd watch_keepalived() {
  const pid_t parent = getppid();
  runtime::UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, parent, 0U)));
  // While it is still the parent its process ID cannot have been given to another.
  if (program_of(parent).rfind(program, 0) != 0 || getppid() != parent) {
    process.reset();
  }
  return process;
}

}  // namespace batch_notifier::loader
