// SPDX-License-Identifier: MIT
#include "sources/fifo_keeper.hpp"

#include <utility>

namespace batch_notifier::sources {

FifoKeeper::FifoKeeper(runtime::EventLoop& loop, const std::string& path)
    : opener_(loop, silence_, path,
              {[this](FifoPipe pipe) {
                 if (held_.pipe.waiting() == 0 && !held_.pipe.is_at(opener_.path())) {
                   held_.pipe = std::move(pipe);
                 }
               },
               [this] { held_.pipe = FifoPipe(); }}) {
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
