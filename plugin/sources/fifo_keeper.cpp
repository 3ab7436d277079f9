// SPDX-License-Identifier: MIT
#include "sources/fifo_keeper.hpp"

#include <fcntl.h>

#include <stdexcept>
#include <utility>

#include "runtime/unique_fd.hpp"

namespace batch_notifier::sources {

namespace {

/// None where it is none that may be read.
FifoPipe inherited(int descriptor) {
  try {
    return descriptor > 0 ? FifoPipe(runtime::UniqueFd(fcntl(descriptor, F_DUPFD_CLOEXEC, 0)))
                          : FifoPipe();
  } catch (const std::runtime_error&) {
    return {};
  }
}

}  // namespace

FifoKeeper::FifoKeeper(runtime::EventLoop& loop, const std::string& path, int descriptor)
    : opener_(loop, silence_, path,
              {[this](FifoPipe pipe) {
                 if (held_.pipe.waiting() == 0 && !held_.pipe.is_at(opener_.path())) {
                   held_.pipe = std::move(pipe);
                 }
               },
               [this] { held_.pipe = FifoPipe(); }}) {
  held_.pipe = inherited(descriptor);
  if (!path.empty()) {
    opener_.open();
  }
}

void FifoKeeper::pin() {
  if (held_.pipe) {
    held_.pinned = true;
    opener_.stop();
  }
}

HeldFifo FifoKeeper::take() {
  opener_.stop();
  return std::exchange(held_, {});
}

}  // namespace batch_notifier::sources
