// SPDX-License-Identifier: MIT
#include "runtime/own_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <system_error>

#include <sys/stat.h>

namespace batch_notifier::runtime {

namespace {

constexpr mode_t own_mode = 0600;

}  // namespace

void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

UniqueFd open_own_file(const std::string& path, int flags) {
  UniqueFd file(open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, own_mode));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) {
    throw_errno("cannot open " + path);
  }
  if (!S_ISREG(status.st_mode) || status.st_uid != geteuid()) {
    throw std::runtime_error(path + " is not a regular file of this user");
  }
  return file;
}

void write_whole(const UniqueFd& file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(file.get(), text.data(), text.size());
    if (count < 0 && errno != EINTR) {
      throw_errno("cannot write " + path);
    }
    text.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
  }
}

std::optional<std::string> read_own_file(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    return std::nullopt;
  }
  const UniqueFd file = open_own_file(path, O_RDONLY);
  std::string text;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) {
      throw_errno("cannot read " + path);
    }
    if (count == 0) {
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace batch_notifier::runtime
