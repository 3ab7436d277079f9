// SPDX-License-Identifier: MIT
#include "runtime/file_identity.hpp"

#include <fcntl.h>

#include <sys/stat.h>

namespace batch_notifier::runtime {

bool is_in_place(const UniqueFd& file, const std::string& path) {
  struct stat opened {};
  struct stat present {};
  return file && fstat(file.get(), &opened) == 0 && lstat(path.c_str(), &present) == 0 &&
         opened.st_ino == present.st_ino && opened.st_dev == present.st_dev;
}

std::string file_identity(const std::string& path) {
  struct statx file {};
  if (statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &file) != 0) {
    return {};
  }
  return std::to_string(file.stx_dev_major) + ":" + std::to_string(file.stx_dev_minor) + ":" +
         std::to_string(file.stx_ino) + ":" + std::to_string(file.stx_btime.tv_sec) + "." +
         std::to_string(file.stx_btime.tv_nsec);
}

}  // namespace batch_notifier::runtime
