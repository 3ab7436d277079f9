// SPDX-License-Identifier: MIT
#include "sources/fifo_pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <sys/ioctl.h>
#include <sys/stat.h>

#include "runtime/file_identity.hpp"

namespace batch_notifier::sources {

namespace {

// The most that an unprivileged process may ask for by default: the lines of some 20,000 changes.
constexpr int wanted_capacity = 1024 * 1024;
// The longest line that keepalived can write: a name, which has to fit into a line of 1,022 bytes
// of its configuration, and a few words.
constexpr std::size_t longest_written = 1100;

runtime::UniqueFd open_to_read(const std::string& path) {
  return runtime::UniqueFd(
      ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY));
}

/// Throws FifoRefused unless only root or this user can write the file.
void require_trusted(const struct stat& status) {
  if (!S_ISFIFO(status.st_mode)) {
    throw FifoRefused("it is not a FIFO");
  }
  if (status.st_uid != 0 && status.st_uid != geteuid()) {
    throw FifoRefused("it belongs to user " + std::to_string(status.st_uid) +
                      ", neither root nor this process's user");
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw FifoRefused("users other than its owner can write it");
  }
}

}  // namespace

FifoPipe::FifoPipe(const std::string& path) : FifoPipe(open_to_read(path)) {
}

FifoPipe::FifoPipe(runtime::UniqueFd fifo) : fd_(std::move(fifo)), buffer_(read_size) {
  struct stat status {};
  if (!fd_ || fstat(fd_.get(), &status) != 0) {
    throw std::system_error(errno, std::generic_category(), "it cannot be opened");
  }
  require_trusted(status);
  was_read_before_ = fcntl(fd_.get(), F_GETPIPE_SZ) >= wanted_capacity;
  // More room prevents losses; a system that does not give it is no failure.
  fcntl(fd_.get(), F_SETPIPE_SZ, wanted_capacity);
  capacity_ = static_cast<std::size_t>(std::max(fcntl(fd_.get(), F_GETPIPE_SZ), 0));
}

std::string FifoPipe::path() const {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd_.get()), error);
}

bool FifoPipe::is_at(const std::string& path) const {
  return runtime::is_in_place(fd_, path);
}

std::size_t FifoPipe::waiting() const {
  int bytes = 0;
  return fd_ && ioctl(fd_.get(), FIONREAD, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

// A line begins a new page when the rest of the last page is too short for it, so a full pipe need
// not hold as many bytes as it has room for; its first and last page may hold next to nothing.
bool FifoPipe::may_have_been_full() const {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t inner_pages = std::max<std::size_t>(capacity_ / page, 3) - 2;
  return waiting() >= inner_pages * (page - longest_written);
}

FifoRead FifoPipe::read() {
  FifoRead result;
  ssize_t size = -1;
  do {
    size = ::read(fd_.get(), buffer_.data(), buffer_.size());
  } while (size < 0 && errno == EINTR);
  if (size > 0) {
    result.kind = FifoRead::Kind::bytes;
    result.bytes = {buffer_.data(), static_cast<std::size_t>(size)};
  } else if (size == 0) {
    result.kind = FifoRead::Kind::end;
  } else if (errno != EAGAIN) {
    result.kind = FifoRead::Kind::failed;
    result.error = errno;
  }
  return result;
}

}  // namespace batch_notifier::sources
