// SPDX-License-Identifier: MIT
#include "tests/support/janitor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/unique_fd.hpp"
#include "tests/support/process.hpp"

namespace batch_notifier::tests {

namespace {

namespace fs = std::filesystem;

const char* const namespaces = "/run/netns";
const char* const directories = "/tmp";

std::vector<fs::path> entries(const fs::path& directory, const std::string& prefix) {
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(directory, none)) {
    if (entry.path().filename().string().rfind(prefix, 0) == 0) {
      found.push_back(entry.path());
    }
  }
  return found;
}

void kill_everything_in(const fs::path& network) {
  struct stat wanted {};
  if (stat(network.c_str(), &wanted) != 0) {
    return;
  }
  for (const fs::path& process : entries("/proc", "")) {
    const pid_t pid = std::atoi(process.filename().c_str());
    struct stat present {};
    if (pid > 0 && stat((process / "ns/net").c_str(), &present) == 0 &&
        present.st_dev == wanted.st_dev && present.st_ino == wanted.st_ino) {
      kill(pid, SIGKILL);
    }
  }
}

void clean_up(const std::string& namespace_names, const std::string& directory_names) {
  for (const fs::path& network : entries(namespaces, namespace_names)) {
    kill_everything_in(network);
    Process({"ip", "netns", "delete", network.filename()}).wait();
  }
  for (const fs::path& directory : entries(directories, directory_names)) {
    std::error_code ignored;
    fs::remove_all(directory, ignored);
  }
}

// Nothing of the program's may be held open, or those who wait for its output would wait for us.
void let_go_of_everything_but(int kept) {
  const int none = open("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    dup2(none, standard);
  }
  for (const fs::path& descriptor : entries("/proc/self/fd", "")) {
    const int number = std::atoi(descriptor.filename().c_str());
    if (number > STDERR_FILENO && number != kept) {
      close(number);
    }
  }
}

[[noreturn]] void wait_and_clean_up(int program, const std::string& namespace_names,
                                    const std::string& directory_names) {
  // Whoever interrupts the program interrupts its group and its session.
  setsid();
  let_go_of_everything_but(program);
  pollfd end{program, POLLIN, 0};
  while (poll(&end, 1, -1) < 0 && errno == EINTR) {
  }
  clean_up(namespace_names, directory_names);
  _exit(0);
}

}  // namespace

std::string namespace_prefix() {
  return "bn-test-" + std::to_string(getpid()) + "-";
}

std::string directory_prefix() {
  return std::string(directories) + "/batch-notifier-test-" + std::to_string(getpid()) + "-";
}

void call_janitor() {
  static pid_t called_by = 0;
  if (called_by == getpid()) {
    return;
  }
  called_by = getpid();
  const std::string namespace_names = namespace_prefix();
  const std::string directory_names = fs::path(directory_prefix()).filename();
  const runtime::UniqueFd program(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0U)));
  const pid_t child = program ? fork() : -1;
  if (child < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot start the janitor");
  }
  if (child == 0) {
    // A grandchild, so that the program has no child that it did not start for a test.
    if (fork() == 0) {
      wait_and_clean_up(program.get(), namespace_names, directory_names);
    }
    _exit(0);
  }
  waitpid(child, nullptr, 0);
}

}  // namespace batch_notifier::tests
