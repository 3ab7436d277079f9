// SPDX-License-Identifier: MIT
#include "sources/keepalived_process.hpp"

#include <poll.h>

#include <cstddef>
#include <exception>
#include <fstream>
#include <string>

#include <sys/epoll.h>

namespace batch_notifier::sources {

namespace {

constexpr int start_time_field = 20;  // Behind the name; proc(5) calls it (22).

}  // namespace

std::string keepalived_identity(int descriptor) {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(descriptor));
  std::string word;
  long pid = 0;
  while (info >> word) {
    if (word == "Pid:") {
      info >> pid;
    }
  }
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  // A name may hold anything, so what follows it is counted from its end.
  const std::size_t close = line.rfind(')');
  if (pid <= 0 || close == std::string::npos) {
    return {};
  }
  std::size_t begin = close;
  for (int field = 0; field < start_time_field && begin != std::string::npos; ++field) {
    begin = line.find(' ', begin + 1);
  }
  if (begin == std::string::npos) {
    return {};
  }
  return std::to_string(pid) + line.substr(begin, line.find(' ', begin + 1) - begin);
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
