// SPDX-License-Identifier: MIT
#include "loader/keepalived_parent.hpp"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <string_view>

#include <sys/syscall.h>

#include "runtime/process_stat.hpp"
#include "runtime/text.hpp"

namespace batch_notifier::loader {

namespace {

/// A wrapper around the loader, and one around that.
constexpr int most_generations = 4;
/// Linux lets a command line and an environment have more, but nobody writes one by hand.
constexpr std::size_t longest_text = 1'048'576;

std::string file_of(pid_t pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

std::string link_target(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = readlink(path.c_str(), target.data(), target.size());
  return {target.data(), static_cast<std::size_t>(length > 0 ? length : 0)};
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

/// Strings that end with a zero byte each, as /proc shows arguments and variables. Empty, with
/// errno set, where it cannot be read.
std::vector<std::string> strings_in(const std::string& path) {
  const runtime::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> buffer{};
  ssize_t count = file ? 1 : -1;
  while (count > 0 && text.size() < longest_text) {
    count = read(file.get(), buffer.data(), buffer.size());
    text.append(buffer.data(), static_cast<std::size_t>(count > 0 ? count : 0));
  }
  if (count < 0) {
    return {};
  }
  std::vector<std::string> strings;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    strings.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  errno = 0;
  return strings;
}

bool is_keepalived_name(std::string_view name) {
  return name.starts_with("keepalived") && !name.starts_with("keepalived-plugin-loader");
}

// The file it was started from, which `vrrp_process_name` leaves alone. Only the names that the
// process gives itself where the file may not be looked at, as another user's.
bool is_keepalived(pid_t pid, const std::vector<std::string>& command_line) {
  const std::string program = link_target(file_of(pid, "exe"));
  if (!program.empty()) {
    return is_keepalived_name(base_name(program));
  }
  std::string name;
  std::ifstream file(file_of(pid, "comm"));
  std::getline(file, name);
  return is_keepalived_name(name) ||
         (!command_line.empty() && is_keepalived_name(base_name(command_line.front())));
}

std::string variable(const std::vector<std::string>& variables, std::string_view name) {
  for (const std::string& each : variables) {
    if (each.starts_with(name)) {
      return each.substr(name.size());
    }
  }
  return {};
}

runtime::UniqueFd open_process(pid_t pid) {
  // By number, because glibc has had the wrapper since 2.36 only.
  return runtime::UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0U)));
}

}  // namespace

KeepalivedParent find_keepalived() {
  const pid_t parent = getppid();
  runtime::UniqueFd parent_end = open_process(parent);
  KeepalivedParent found;
  if (!runtime::read_process_stat(getpid())) {
    found.unreadable = "/proc is not mounted";
    return found;
  }
  pid_t pid = parent;
  for (int generation = 0; generation < most_generations && pid > 1; ++generation) {
    found.command_line = strings_in(file_of(pid, "cmdline"));
    const int error = errno;
    if (is_keepalived(pid, found.command_line)) {
      found.pid = pid;
      if (found.command_line.empty()) {
        found.unreadable = error == 0 ? "it is empty" : runtime::errno_text(error);
      }
      found.working_directory = link_target(file_of(pid, "cwd"));
      found.first_directory = variable(strings_in(file_of(pid, "environ")), "PWD=");
      break;
    }
    const auto process = runtime::read_process_stat(pid);
    pid = process ? process->parent : 0;
  }
  // While it is still the parent, its process ID cannot have been given to another.
  if (found.pid == parent && getppid() == parent) {
    found.end = std::move(parent_end);
  }
  return found;
}

}  // namespace batch_notifier::loader
