// SPDX-License-Identifier: MIT
#include "runtime/sealed_input.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <sys/mman.h>

// Linux 6.3; such a kernel can be set to make no file without it (vm.memfd_noexec).
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace batch_notifier::runtime {

namespace {

[[noreturn]] void throw_errno() {
  throw std::system_error(errno, std::generic_category(), "cannot make a file in memory");
}

UniqueFd make_file() {
  constexpr const char* name = "batch_notifier";
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd file(memfd_create(name, flags | MFD_NOEXEC_SEAL));
  if (!file && errno == EINVAL) {
    file.reset(memfd_create(name, flags));
  }
  if (!file) {
    throw_errno();
  }
  return file;
}

/// All of it, or false.
bool write_whole(const UniqueFd& file, std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t written = write(file.get(), contents.data(), contents.size());
    if (written < 0) {
      return false;
    }
    contents.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// A pipe that holds it, where a limit on the size of files forbids more. Up to 1 MiB for any user.
UniqueFd make_pipe(std::string_view contents) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw_errno();
  }
  UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  fcntl(write_end.get(), F_SETPIPE_SZ, static_cast<int>(contents.size()));
  if (fcntl(write_end.get(), F_SETFL, O_NONBLOCK) != 0 || !write_whole(write_end, contents)) {
    throw std::runtime_error(
        "a batch is larger than files may be (RLIMIT_FSIZE) and than a pipe may be: raise "
        "LimitFSIZE= of keepalived's service, or ulimit -f");
  }
  return read_end;
}

}  // namespace

UniqueFd make_sealed_input(std::string_view contents) {
  UniqueFd file = make_file();
  if (!write_whole(file, contents)) {
    if (errno == EFBIG) {
      return make_pipe(contents);
    }
    throw_errno();
  }
  if (lseek(file.get(), 0, SEEK_SET) != 0 ||
      fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) !=
          0) {
    throw_errno();
  }
  return file;
}

}  // namespace batch_notifier::runtime
