// SPDX-License-Identifier: MIT
#include "runtime/file_identity.hpp"

#include <fcntl.h>

#include <sys/stat.h>

namespace batch_notifier::runtime {

namespace {

std::string identity_at(int directory, const char* path, int flags) {
  struct statx file {};
  if (statx(directory, path, flags, STATX_INO | STATX_BTIME, &file) != 0) {
    return {};
  }
  return std::to_string(file.stx_dev_major) + ":" + std::to_string(file.stx_dev_minor) + ":" +
         std::to_string(file.stx_ino) + ":" + std::to_string(file.stx_btime.tv_sec) + "." +
         std::to_string(file.stx_btime.tv_nsec);
}

}  // namespace

bool is_in_place(const UniqueFd& file, const std::string& path) {
  struct stat opened {};
  struct stat present {};
  return file && fstat(file.get(), &opened) == 0 && lstat(path.c_str(), &present) == 0 &&
         opened.st_ino == present.st_ino && opened.st_dev == present.st_dev;
}

std::string file_identity(const std::string& path) {
  return identity_at(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW);
}

std::string file_identity(const UniqueFd& file) {
  return file ? identity_at(file.get(), "", AT_EMPTY_PATH) : std::string();
}

}  // namespace batch_notifier::runtime
