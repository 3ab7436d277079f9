// SPDX-License-Identifier: MIT
#include "tests/support/process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/support/janitor.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

namespace {

std::string joined(const std::vector<std::string>& arguments) {
  std::string text;
  for (const std::string& argument : arguments) {
    text += (text.empty() ? "" : " ") + argument;
  }
  return text;
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::string& output_path,
                 const std::map<std::string, std::string>& environment) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) {
    throw std::runtime_error("cannot fork for " + joined(arguments));
  }
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!output_path.empty()) {
      const int output = open(output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
      dup2(output, STDOUT_FILENO);
      dup2(output, STDERR_FILENO);
    }
    for (const auto& [name, value] : environment) {
      setenv(name.c_str(), value.c_str(), 1);
    }
    execvp(argv[0], argv.data());
    const std::string message = "cannot execute " + joined(arguments) + "\n";
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, message.data(), message.size());
    _exit(127);
  }
}

Process::~Process() {
  if (running()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

void Process::signal(int number) const {
  if (!status_) {
    kill(pid_, number);
  }
}

bool Process::running() {
  return !status();
}

std::optional<int> Process::status() {
  int status = 0;
  if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = status;
  }
  return status_;
}

std::optional<int> Process::wait() {
  wait_until([this] { return !running(); });
  return status();
}

void run(const std::vector<std::string>& arguments) {
  Process process(arguments);
  const std::optional<int> status = process.wait();
  if (!status || *status != 0) {
    throw std::runtime_error("failed: " + joined(arguments));
  }
}

std::string read_file(const std::string& path) {
  const std::ifstream file(path);
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

void write_file(const std::string& path, const std::string& contents) {
  std::ofstream file(path, std::ios::trunc);
  file << contents;
  file.close();
  if (!file) {
    throw std::runtime_error("cannot write " + path);
  }
}

TemporaryDirectory::TemporaryDirectory() {
  call_janitor();
  std::string pattern = directory_prefix() + "XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error(std::string("cannot make a directory in /tmp: ") +
                             std::strerror(errno));
  }
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace batch_notifier::tests
