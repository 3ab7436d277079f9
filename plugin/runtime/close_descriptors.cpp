// SPDX-License-Identifier: MIT
#include "runtime/close_descriptors.hpp"

#include <unistd.h>

#include <sys/resource.h>
#include <sys/syscall.h>

namespace batch_notifier::runtime {

namespace {

/// As high as descriptors are closed one by one, where the soft limit is higher or absent.
constexpr rlim_t highest_closed_fd = 65'536;
constexpr unsigned no_end = ~0U;

void close_between(unsigned first, unsigned last) noexcept {
  // By number, because glibc has had the wrapper since 2.34 only.
  if (first > last || syscall(__NR_close_range, first, last, 0U) == 0) {
    return;
  }
  rlimit limit{};
  rlim_t end = highest_closed_fd;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < end) {
    end = limit.rlim_cur;
  }
  for (rlim_t fd = first; fd < end && fd <= last; ++fd) {
    close(static_cast<int>(fd));
  }
}

}  // namespace

void close_descriptors(int first, std::span<const int> kept) noexcept {
  auto next = static_cast<unsigned>(first);
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (number >= next) {
      if (number > next) {
        close_between(next, number - 1);
      }
      next = number + 1;
    }
  }
  close_between(next, no_end);
}

}  // namespace batch_notifier::runtime
