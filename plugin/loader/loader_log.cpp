// SPDX-License-Identifier: MIT
#include "loader/loader_log.hpp"

#include <poll.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <ctime>

namespace batch_notifier::loader {

namespace {

constexpr long nanoseconds_per_millisecond = 1'000'000;
constexpr std::size_t longest_time = sizeof("0000-00-00 00:00:00");

// A pipe that is ready takes PIPE_BUF bytes without blocking; a longer line is cut. The descriptor
// is shared with whoever started the loader, so it is not made non-blocking.
void write_to_console(const char* message) {
  pollfd console{STDERR_FILENO, POLLOUT, 0};
  if (poll(&console, 1, 0) != 1 || (console.revents & POLLOUT) == 0) {
    return;
  }
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::tm local{};
  localtime_r(&now.tv_sec, &local);
  std::array<char, longest_time> time{};
  std::strftime(time.data(), time.size(), "%F %T", &local);
  std::array<char, PIPE_BUF> line{};
  const int wanted =
      std::snprintf(line.data(), line.size(), "%s.%03ld keepalived-plugin-loader[%d]: %s",
                    time.data(), now.tv_nsec / nanoseconds_per_millisecond, getpid(), message);
  const std::size_t size = std::min(static_cast<std::size_t>(wanted), line.size() - 1);
  line.at(size) = '\n';
  // When the console is gone, the system log still has the message.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), size + 1);
}

}  // namespace

LoaderLog::LoaderLog(bool console, bool detail)
    : syslog_(_PATH_LOG), console_(console), detail_(detail) {
}

void LoaderLog::write(runtime::Severity severity, const std::string& message) noexcept {
  if (severity == runtime::Severity::debug && !detail_) {
    return;
  }
  syslog_.write(severity, message);
  if (console_) {
    write_to_console(message.c_str());
  }
}

}  // namespace batch_notifier::loader
