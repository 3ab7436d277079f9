// SPDX-License-Identifier: MIT
#include "config/config_files.hpp"

#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>

#include <sys/stat.h>

#include "runtime/command_security.hpp"
#include "runtime/unique_fd.hpp"
#include "runtime/user_identity.hpp"

namespace batch_notifier::config {

namespace {

constexpr std::size_t most_brace_alternatives = 1024;

FileText failed(int error) {
  FileText result;
  result.error = std::error_code(error, std::generic_category());
  return result;
}

// An upper bound for what glob(3) would expand the braces to: "{a,b}{c,d}…" doubles at each group.
std::size_t brace_alternatives(const std::string& pattern) {
  std::size_t alternatives = 1;
  std::size_t in_group = 1;
  for (const char character : pattern) {
    if (character == '{' || character == '}') {
      alternatives = std::min(alternatives * in_group, most_brace_alternatives + 1);
      in_group = 1;
    } else if (character == ',') {
      ++in_group;
    }
  }
  return alternatives;
}

std::string escaped(const std::string& path) {
  std::string result;
  for (const char character : path) {
    if (std::string_view("*?[]{}\\").find(character) != std::string_view::npos) {
      result += '\\';
    }
    result += character;
  }
  return result;
}

/// What is out of reach now may be within reach, and secure, by the time it is needed.
std::optional<std::string> described(const std::optional<runtime::CommandFlaw>& flaw) {
  if (!flaw || flaw->kind == runtime::CommandFlawKind::unreachable) {
    return std::nullopt;
  }
  return runtime::describe(*flaw);
}

}  // namespace

FileText DiskFiles::read(const std::string& path) {
  const runtime::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) {
    return failed(errno);
  }
  FileText result;
  if (!S_ISREG(status.st_mode) || (status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0) {
    result.unsuitable = true;
    return result;
  }
  std::string buffer(std::size_t{64} << 10U, '\0');
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      return failed(errno);
    }
    if (count == 0) {
      return result;
    }
    result.text.append(buffer, 0, static_cast<std::size_t>(count));
    if (result.text.size() > largest_file) {
      return failed(EFBIG);
    }
  }
}

std::vector<std::string> DiskFiles::expand(const std::string& directory,
                                           const std::string& pattern) {
  std::vector<std::string> paths;
  if (brace_alternatives(pattern) > most_brace_alternatives) {
    return paths;
  }
  const bool absolute = !pattern.empty() && pattern.front() == '/';
  const std::string whole = absolute ? pattern : escaped(directory) + "/" + pattern;
  glob_t matches{};
  if (glob(whole.c_str(), GLOB_MARK | GLOB_BRACE, nullptr, &matches) == 0) {
    paths.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  }
  globfree(&matches);
  return paths;
}

std::optional<std::string> DiskFiles::environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<std::string> DiskFiles::command_flaw(const std::string& path) {
  return described(runtime::find_command_flaw(path.c_str()));
}

std::optional<std::string> DiskFiles::command_trouble(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    return missing ? std::optional<std::string>("does not exist") : std::nullopt;
  }
  if (S_ISDIR(status.st_mode)) {
    return "is a directory";
  }
  const bool executable = (status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
  return executable ? std::nullopt : std::optional<std::string>("is not executable");
}

std::optional<std::string> DiskFiles::file_flaw(const std::string& path) {
  return geteuid() == 0 ? described(runtime::find_file_flaw(path.c_str())) : std::nullopt;
}

std::optional<std::string> DiskFiles::user_flaw(const core::UserName& name) {
  try {
    runtime::resolve_user(name);
    return std::nullopt;
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

}  // namespace batch_notifier::config
