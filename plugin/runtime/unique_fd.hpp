// SPDX-License-Identifier: MIT
/// @file
/// Owner of a file descriptor.
#pragma once

#include <unistd.h>

#include <utility>

namespace batch_notifier::runtime {

/// Closes its descriptor when it goes. Move only.
class UniqueFd {
 public:
  UniqueFd() = default;
  /// Takes over `fd`; -1 for none.
  explicit UniqueFd(int fd) : fd_(fd) {}
  /// Takes over what `other` owns.
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  /// Closes its own and takes over what `other` owns.
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset(std::exchange(other.fd_, -1));
    }
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  /// The descriptor, or -1.
  [[nodiscard]] int get() const { return fd_; }
  /// Whether there is one.
  explicit operator bool() const { return fd_ >= 0; }
  /// Closes the present one and takes over another.
  void reset(int fd = -1) noexcept {
    if (fd_ >= 0) {
      ::close(fd_);
    }
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace batch_notifier::runtime
