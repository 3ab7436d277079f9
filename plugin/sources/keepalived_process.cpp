// SPDX-License-Identifier: MIT
#include "sources/keepalived_process.hpp"

#include <exception>
#include <string>

#include <sys/epoll.h>

namespace batch_notifier::sources {

KeepalivedProcess::KeepalivedProcess(runtime::EventLoop& loop, runtime::Log& log,
                                     core::ObservationSink& sink, int descriptor)
    : sink_(sink) {
  if (descriptor <= 0) {
    return;
  }
  try {
    watch_.emplace(loop, descriptor, EPOLLIN, [this](std::uint32_t) {
      watch_.reset();
      sink_.observe(core::KeepalivedEnded{});
    });
  } catch (const std::exception& error) {
    log.write(
        runtime::Severity::warning,
        std::string("keepalived's end will be seen on D-Bus or the FIFO only: ") + error.what());
    return;
  }
  sink_.observe(core::KeepalivedWatched{});
}

}  // namespace batch_notifier::sources
