// SPDX-License-Identifier: MIT
#include "notifiers/append_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <string_view>
#include <system_error>

#include <sys/file.h>
#include <sys/stat.h>

#include "notifiers/batch_json.hpp"
#include "runtime/command_security.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::notifiers {

namespace {

// Exit statuses of the child: 0, or errno of a failure that left the file unchanged, or one of
// these.
constexpr int not_regular = 254;
constexpr int torn = 255;

constexpr mode_t file_mode = 0640;
/// Every 10 ms: one second in all.
constexpr int lock_attempts = 100;

/// errno as an exit status; a few architectures have numbers that are too high for one.
int failure_status() {
  return errno > 0 && errno < not_regular ? errno : EIO;
}

/// Whether the file ends inside a line.
bool ends_torn(int file, off_t size) {
  char last = '\n';
  return size > 0 && pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Nothing but a regular file, or none yet, is opened: opening a device may already do something. A
/// directory cannot be opened for writing.
bool may_be_opened(const char* path) {
  struct stat status {};
  return stat(path, &status) != 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
}

/// Waits for the lock of another writer of ours, and not for ever, since every process that can
/// read the file can lock it. Without the lock, lines of two writers may meet after one of them was
/// torn.
void lock_for_writing(int file) {
  constexpr timespec pause{0, 10'000'000};
  for (int attempt = 0; attempt < lock_attempts; ++attempt) {
    if (flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
      return;
    }
    nanosleep(&pause, nullptr);
  }
}

/// Opens it for appending. A link is followed only where others cannot have placed it meanwhile. -1
/// with errno on failure.
int open_for_appending(const char* path) {
  // Non-blocking for a FIFO without a reader; readable, because the last byte is read.
  constexpr int flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  const int file = open(path, flags | O_NOFOLLOW, file_mode);
  if (file >= 0 || errno != ELOOP || runtime::find_link_flaw(path)) {
    return file;
  }
  return open(path, flags, file_mode);
}

/// The child's part: async-signal-safe calls only. Descriptors are left to the end of the process.
/// `text` begins with a newline of its own, which is used only if one is missing.
int append(const char* path, std::string_view text) {
  // At a file size limit, an error that can be undone instead of the signal.
  std::signal(SIGXFSZ, SIG_IGN);
  if (!may_be_opened(path)) {
    return not_regular;
  }
  const runtime::UniqueFd file(open_for_appending(path));
  if (!file) {
    return failure_status();
  }
  struct stat before {};
  lock_for_writing(file.get());
  if (fstat(file.get(), &before) != 0) {
    return failure_status();
  }
  if (!S_ISREG(before.st_mode)) {
    return not_regular;
  }
  if (!ends_torn(file.get(), before.st_size)) {
    text.remove_prefix(1);
  }
  if (write_all(file.get(), text)) {
    return 0;
  }
  const int status = failure_status();
  return ftruncate(file.get(), before.st_size) == 0 ? status : torn;
}

}  // namespace

AppendFile::AppendFile(runtime::EventLoop& loop, runtime::Log& log,
                       const core::NotifierSettings& settings)
    : ChildNotifier(loop, log, settings),
      path_(settings.target.at(0)),
      script_security_(settings.script_security) {
}

runtime::ChildPlan AppendFile::plan(const core::Batch& batch) const {
  runtime::ChildPlan plan;
  plan.task = [path = path_, text = "\n" + to_json(batch) + "\n"] {
    return append(path.c_str(), text);
  };
  plan.file = runtime::WrittenFile{path_, script_security_};
  return plan;
}

core::DeliveryResult AppendFile::judge(int status, const std::string& /*reason*/) const {
  if (status == 0) {
    return {};
  }
  const std::string failure = "cannot append to " + path_ + ": ";
  if (status == torn) {
    return {core::DeliveryStatus::failed, failure + "part of a line was left in it", {}};
  }
  if (status == not_regular) {
    return {core::DeliveryStatus::unseen, failure + "not a regular file", {}};
  }
  return {core::DeliveryStatus::unseen, failure + std::generic_category().message(status), {}};
}

}  // namespace batch_notifier::notifiers
