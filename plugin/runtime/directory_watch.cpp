// SPDX-License-Identifier: MIT
#include "runtime/directory_watch.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include <sys/epoll.h>
#include <sys/inotify.h>

namespace batch_notifier::runtime {

namespace {

constexpr std::uint32_t of_the_directory =
    IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT | IN_Q_OVERFLOW;

UniqueFd watch_directory_of(const std::filesystem::path& path) {
  const std::string directory = path.has_parent_path() ? path.parent_path().string() : ".";
  UniqueFd inotify(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify || inotify_add_watch(inotify.get(), directory.c_str(),
                                    IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_CLOSE_WRITE |
                                        IN_DELETE_SELF | IN_MOVE_SELF) < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot watch " + directory);
  }
  return inotify;
}

}  // namespace

DirectoryWatch::DirectoryWatch(EventLoop& loop, const std::string& path,
                               std::function<void()> handler)
    : name_(std::filesystem::path(path).filename()),
      handler_(std::move(handler)),
      inotify_(watch_directory_of(path)),
      watch_(
          loop, inotify_.get(), EPOLLIN, [this](std::uint32_t) { receive(); }, Pace::gathered) {
}

void DirectoryWatch::receive() {
  alignas(inotify_event) std::array<char, 16 * (sizeof(inotify_event) + NAME_MAX + 1)> buffer;
  const ssize_t size = read(inotify_.get(), buffer.data(), buffer.size());
  bool concerned = false;
  for (std::size_t at = 0; size > 0 && at < static_cast<std::size_t>(size);) {
    const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
    concerned = concerned || (event->mask & of_the_directory) != 0 ||
                (event->len != 0 && name_ == static_cast<const char*>(event->name));
    at += sizeof(inotify_event) + event->len;
  }
  if (concerned) {
    handler_();
  }
}

}  // namespace batch_notifier::runtime
