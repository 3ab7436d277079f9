// SPDX-License-Identifier: MIT
#include "loader/limits.hpp"

#include <algorithm>

#include <sys/resource.h>

namespace batch_notifier::loader {

namespace {

/// More is not needed, and some kernels and libraries pay for each possible descriptor.
constexpr rlim_t most_descriptors = 8192;

/// Raises the soft limit to the hard one, or to `enough` if that is less. Returns what is in force.
rlim_t raise(__rlimit_resource_t resource, rlim_t enough = RLIM_INFINITY) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) {
    return RLIM_INFINITY;
  }
  const rlim_t former = limit.rlim_cur;
  limit.rlim_cur = std::min(limit.rlim_max, std::max(former, enough));
  return setrlimit(resource, &limit) == 0 ? limit.rlim_cur : former;
}

}  // namespace

std::vector<std::string> raise_limits() {
  std::vector<std::string> complaints;
  raise(RLIMIT_AS);
  raise(RLIMIT_DATA);
  if (raise(RLIMIT_CPU) != RLIM_INFINITY) {
    complaints.emplace_back(
        "the processor time of each process is limited (RLIMIT_CPU): a worker is killed when it is "
        "used up, and replaced; raise LimitCPU= of keepalived's service, or ulimit -t");
  }
  const rlim_t descriptors = raise(RLIMIT_NOFILE, most_descriptors);
  if (descriptors < needed_descriptors) {
    complaints.push_back("only " + std::to_string(descriptors) +
                         " descriptors may be open at a time (RLIMIT_NOFILE): deliveries may fail; "
                         "raise LimitNOFILE= of keepalived's service, or ulimit -n, to " +
                         std::to_string(needed_descriptors) + " or more");
  }
  const rlim_t file_size = raise(RLIMIT_FSIZE);
  if (file_size != RLIM_INFINITY) {
    complaints.push_back(
        "files may have " + std::to_string(file_size) +
        " bytes at most (RLIMIT_FSIZE): what is larger is not written, such as the "
        "ledger of many instances; raise LimitFSIZE= of keepalived's service, or "
        "ulimit -f");
  }
  return complaints;
}

}  // namespace batch_notifier::loader
