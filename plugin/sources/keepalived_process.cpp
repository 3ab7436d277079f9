// SPDX-License-Identifier: MIT
#include "sources/keepalived_process.hpp"

#include <poll.h>

#include <exception>
#include <fstream>
#include <string>

#include <sys/epoll.h>

#include "runtime/process_stat.hpp"

namespace batch_notifier::sources {

std::string keepalived_identity(int descriptor) {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(descriptor));
  std::string word;
  pid_t pid = 0;
  while (info >> word) {
    if (word == "Pid:") {
      info >> pid;
    }
  }
  const auto process = pid > 0 ? runtime::read_process_stat(pid) : std::nullopt;
  return process ? std::to_string(pid) + " " + std::to_string(process->started) : std::string();
}

KeepalivedProcess::KeepalivedProcess(runtime::EventLoop& loop, runtime::Log& log,
                                     core::ObservationSink& sink, int descriptor)
    : descriptor_(descriptor), sink_(sink) {
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

bool KeepalivedProcess::ended() const {
  pollfd process{descriptor_, POLLIN, 0};
  return descriptor_ > 0 && poll(&process, 1, /*timeout=*/0) == 1;
}

}  // namespace batch_notifier::sources
