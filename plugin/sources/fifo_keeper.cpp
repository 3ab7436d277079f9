// SPDX-License-Identifier: MIT
#include "sources/fifo_keeper.hpp"

#include <fcntl.h>

#include <stdexcept>
#include <utility>

namespace batch_notifier::sources {

namespace {

/// None where it is none that may be read.
FifoPipe inherited(runtime::UniqueFd fifo) {
  try {
    return fifo ? FifoPipe(std::move(fifo)) : FifoPipe();
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
  if (descriptor > 0) {
    held_.pipe = inherited(runtime::UniqueFd(fcntl(descriptor, F_DUPFD_CLOEXEC, 0)));
  }
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

HeldFifo FifoKeeper::take(runtime::UniqueFd passed_on) {
  opener_.stop();
  if (!held_.pipe) {
    held_.pipe = inherited(std::move(passed_on));
    // Without a path, no other one will come.
    held_.pinned = opener_.path().empty();
  }
  return std::exchange(held_, {});
}

}  // namespace batch_notifier::sources
