// SPDX-License-Identifier: MIT
#include "runtime/sealed_input.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
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

}  // namespace

UniqueFd make_sealed_input(std::string_view contents) {
  UniqueFd file = make_file();
  while (!contents.empty()) {
    const ssize_t written = write(file.get(), contents.data(), contents.size());
    if (written < 0) {
      throw_errno();
    }
    contents.remove_prefix(static_cast<std::size_t>(written));
  }
  if (lseek(file.get(), 0, SEEK_SET) != 0 ||
      fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) !=
          0) {
    throw_errno();
  }
  return file;
}

}  // namespace batch_notifier::runtime
