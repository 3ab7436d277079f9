// SPDX-License-Identifier: MIT
#include "runtime/process_children.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <sys/syscall.h>

namespace batch_notifier::runtime {

namespace {

/// Longest process ID and the words around it.
constexpr std::size_t path_size = 64;
constexpr std::size_t stat_size = 512;
constexpr std::size_t buffer_size = 4096;

/// "/proc/PID/…"; snprintf(3) may allocate.
class ProcPath {
 public:
  ProcPath& add(std::string_view text) noexcept {
    const std::size_t size = std::min(text.size(), bytes_.size() - 1 - size_);
    std::copy_n(text.begin(), size, bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += size;
    return *this;
  }
  ProcPath& add(pid_t pid) noexcept {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), pid).ptr;
    return add(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
  }
  [[nodiscard]] int open() const noexcept { return ::open(bytes_.data(), O_RDONLY | O_CLOEXEC); }

 private:
  std::array<char, path_size> bytes_{};
  std::size_t size_ = 0;
};

/// The number that a text begins with; 0 for none.
pid_t number_in(std::string_view text) noexcept {
  pid_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// The kernel's own list, where it was built with CONFIG_PROC_CHILDREN.
bool visit_list(pid_t parent, ChildVisitor visit, void* context) noexcept {
  const int file =
      ProcPath().add("/proc/").add(parent).add("/task/").add(parent).add("/children").open();
  if (file < 0) {
    return false;
  }
  std::array<char, buffer_size> buffer{};
  pid_t number = 0;
  for (ssize_t count = 0; (count = read(file, buffer.data(), buffer.size())) > 0;) {
    for (const char character : std::string_view(buffer.data(), static_cast<std::size_t>(count))) {
      if (character >= '0' && character <= '9') {
        number = number * 10 + (character - '0');
      } else if (number > 0) {
        visit(number, context);
        number = 0;
      }
    }
  }
  if (number > 0) {
    visit(number, context);
  }
  close(file);
  return true;
}

pid_t parent_of(pid_t pid) noexcept {
  const int file = ProcPath().add("/proc/").add(pid).add("/stat").open();
  std::array<char, stat_size> buffer{};
  const ssize_t count = file < 0 ? -1 : read(file, buffer.data(), buffer.size());
  close(file);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  // "PID (NAME) STATE PARENT …", and the name may hold anything.
  const std::size_t name_end = text.rfind(") ");
  constexpr std::size_t state = sizeof(") S ") - 1;
  return name_end == std::string_view::npos || text.size() < name_end + state
             ? 0
             : number_in(text.substr(name_end + state));
}

/// Looks at all processes. readdir(3) allocates.
bool visit_all(pid_t parent, ChildVisitor visit, void* context) noexcept {
  const int directory = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) {
    return false;
  }
  // struct linux_dirent64, which getdents64(2) gives and glibc does not declare.
  constexpr std::size_t record_size_at = 16;
  constexpr std::size_t name_at = 19;
  std::array<char, buffer_size> buffer{};
  long count = 0;
  while ((count = syscall(SYS_getdents64, directory, buffer.data(), buffer.size())) > 0) {
    for (long at = 0; at < count;) {
      const char* const record = buffer.data() + at;
      std::uint16_t size = 0;
      std::memcpy(&size, record + record_size_at, sizeof(size));
      const pid_t pid = number_in(record + name_at);
      if (pid > 0 && parent_of(pid) == parent) {
        visit(pid, context);
      }
      at += size;
    }
  }
  close(directory);
  return true;
}

}  // namespace

bool visit_children(pid_t parent, ChildVisitor visit, void* context) noexcept {
  return visit_list(parent, visit, context) || visit_all(parent, visit, context);
}

}  // namespace batch_notifier::runtime
