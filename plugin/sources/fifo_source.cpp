// SPDX-License-Identifier: MIT
#include "sources/fifo_source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>
#include <variant>

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "runtime/file_identity.hpp"
#include "runtime/printable.hpp"

namespace batch_notifier::sources {

namespace {

constexpr core::Duration first_retry_wait{100'000};
constexpr core::Duration longest_retry_wait{5'000'000};
// What an unprivileged process may ask for at most by default: the lines of some 20,000 changes.
constexpr int wanted_capacity = 1024 * 1024;
// keepalived writes a name, which has to fit a line of 1,022 bytes, and a few words around it.
constexpr std::size_t longest_written = 1100;

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

// Why a file that was opened is not believed; empty if it is.
std::string objection_to(const struct stat& status) {
  if (!S_ISFIFO(status.st_mode)) {
    return "it is not a FIFO";
  }
  if (status.st_uid != 0 && status.st_uid != geteuid()) {
    return "it belongs to user " + std::to_string(status.st_uid) + ", neither root nor our own";
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return "others than its owner can write it";
  }
  return {};
}

runtime::UniqueFd open_to_read(const std::string& path) {
  return runtime::UniqueFd(
      ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY));
}

}  // namespace

bool was_read_before(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISFIFO(status.st_mode)) {
    return false;
  }
  const runtime::UniqueFd fifo = open_to_read(path);
  return fifo && fcntl(fifo.get(), F_GETPIPE_SZ) >= wanted_capacity;
}

FifoSource::FifoSource(runtime::EventLoop& loop, runtime::Log& log, core::Statistics& statistics,
                       const core::Topology& topology, core::ObservationSink& sink,
                       std::string path, FifoKeeper* keeper)
    : loop_(loop),
      log_(log),
      statistics_(statistics),
      topology_(topology),
      sink_(sink),
      path_(std::move(path)),
      keeper_(keeper),
      retry_wait_(first_retry_wait),
      timer_(loop, [this] { open(); }) {
  for (core::InstanceIndex index = 0; index < topology.instances.size(); ++index) {
    instances_.emplace(topology.instances[index].name, index);
  }
}

void FifoSource::start() {
  open();
}

void FifoSource::replay(std::string_view bytes) {
  if (!bytes.empty()) {
    take(bytes);
  }
}

void FifoSource::stay() {
  stays_ = true;
  directory_.reset();
  timer_.cancel();
}

void FifoSource::hand_over() {
  stay();
  if (!runtime::is_in_place(fifo_, path_)) {
    // Nobody writes it any more, so this is all there will be.
    for (std::size_t most = capacity_ / buffer_.size() + 1; most > 0 && waiting() > 0; --most) {
      receive();
    }
    lines_.drop_rest();
    if (keeper_ != nullptr) {
      keeper_->settle(0);
    }
  }
  watch_.reset();
  fifo_.reset();
}

// Also where one is open that nobody has written yet: the path may lead to another one now.
void FifoSource::open() {
  try {
    // First, so that nothing can come between the two; anew, because a directory can be replaced.
    directory_.reset();
    directory_.emplace(loop_, path_, [this] { timer_.set(runtime::read_clocks().monotonic); });
    runtime::UniqueFd opened = open_to_read(path_);
    struct stat status {};
    if (!opened || fstat(opened.get(), &status) != 0) {
      const int error = errno;
      if (error == ENOENT) {
        log_.write(runtime::Severity::debug, "fifo: waiting for " + path_);
        return;
      }
      throw std::system_error(error, std::generic_category(), "it cannot be opened");
    }
    if (const std::string objection = objection_to(status); !objection.empty()) {
      watch_.reset();
      fifo_.reset();
      complain(objection);
      return;
    }
    // More room is welcome, and not having it is no failure.
    fcntl(opened.get(), F_SETPIPE_SZ, wanted_capacity);
    capacity_ = static_cast<std::size_t>(std::max(fcntl(opened.get(), F_GETPIPE_SZ), 0));
    watch_.emplace(
        loop_, opened.get(), EPOLLIN, [this](std::uint32_t) { receive(); },
        runtime::Pace::gathered);
    fifo_ = std::move(opened);
  } catch (const std::exception& error) {
    complain(error.what());
    retry_later();
    return;
  }
  if (!complaint_.empty()) {
    log_.write(runtime::Severity::notice, "fifo: " + path_ + " can be read now");
    complaint_.clear();
  }
}

void FifoSource::retry_later() {
  if (stays_) {
    return;
  }
  timer_.set(runtime::read_clocks().monotonic + retry_wait_);
  retry_wait_ = std::min(2 * retry_wait_, longest_retry_wait);
}

void FifoSource::complain(const std::string& reason) {
  if (reason != complaint_) {
    log_.write(runtime::Severity::warning,
               "fifo: " + path_ + " is not read: " + reason + "; waiting for that to change");
    complaint_ = reason;
  }
}

void FifoSource::receive() {
  if (ended_ && ended_() && runtime::is_in_place(fifo_, path_)) {
    hand_over();
    return;
  }
  if (may_have_been_full()) {
    skip_everything();
    return;
  }
  const ssize_t size = read_some();
  const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(size));
  if (!bytes.empty() && keeper_ != nullptr) {
    keeper_->keep(bytes);
  }
  if (!bytes.empty()) {
    take(bytes);
  }
}

// Reads into the buffer. What ends the FIFO, or leaves it as it is, is settled here and 0.
ssize_t FifoSource::read_some() {
  const ssize_t size = read(fifo_.get(), buffer_.data(), buffer_.size());
  if (size == 0) {
    lose("nobody writes it any more", true);
  } else if (size < 0 && errno != EAGAIN && errno != EINTR) {
    lose(reason_of(errno), false);
  }
  return std::max<ssize_t>(size, 0);
}

std::size_t FifoSource::waiting() const {
  int bytes = 0;
  return fifo_ && ioctl(fifo_.get(), FIONREAD, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

// A line begins a new page when the rest of the last one is too short for it, so a full pipe need
// not hold as many bytes as it has room for; its first and last page may hold next to nothing.
bool FifoSource::may_have_been_full() const {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t inner_pages = std::max<std::size_t>(capacity_ / page, 3) - 2;
  return waiting() >= inner_pages * (page - longest_written);
}

void FifoSource::skip_everything() {
  statistics_.add(core::Counter::fifo_overflows);
  overflow_log_.write(log_, runtime::Severity::warning,
                      "fifo: " + path_ + " was full, so keepalived may have dropped lines; " +
                          "those that were waiting are not believed",
                      runtime::read_clocks().monotonic);
  distrust(false);
  // Whoever keeps writing must not keep us here: what had to go has gone after this much.
  for (std::size_t skipped = 0; skipped < capacity_;) {
    const ssize_t size = read_some();
    if (size == 0) {
      return;
    }
    skipped += static_cast<std::size_t>(size);
  }
}

void FifoSource::distrust(bool closed) {
  lines_.drop_rest();
  trusted_ = false;
  sink_.observe(core::FifoLost{closed});
  if (keeper_ != nullptr) {
    keeper_->forget();
  }
}

void FifoSource::lose(const std::string& reason, bool closed) {
  lost_log_.write(log_, runtime::Severity::notice, "fifo: " + path_ + ": " + reason,
                  runtime::read_clocks().monotonic);
  watch_.reset();
  fifo_.reset();
  retry_later();
  distrust(closed);
}

void FifoSource::take(std::string_view bytes) {
  directory_.reset();
  timer_.cancel();
  retry_wait_ = first_retry_wait;
  if (!trusted_) {
    trusted_ = true;
    sink_.observe(core::FifoOpened{});
  }
  for (const FifoLine& line : lines_.feed(bytes)) {
    std::visit([this](const auto& one) { take_line(one); }, line);
  }
  if (keeper_ != nullptr) {
    keeper_->settle(lines_.rest());
  }
}

void FifoSource::take_line(const InstanceLine& line) {
  statistics_.add(core::Counter::fifo_lines);
  if (const std::optional<core::InstanceIndex> instance = find(line.name)) {
    sink_.observe(
        core::StateSeen{core::Witness::fifo, *instance, line.state, false, line.priority});
  }
}

void FifoSource::take_line(const PriorityLine& line) {
  statistics_.add(core::Counter::fifo_lines);
  if (const std::optional<core::InstanceIndex> instance = find(line.name)) {
    sink_.observe(core::PrioritySeen{*instance, line.priority});
  }
}

void FifoSource::take_line(const GroupLine& /*line*/) {
  statistics_.add(core::Counter::fifo_lines);
}

void FifoSource::take_line(const ServerLine& /*line*/) {
  statistics_.add(core::Counter::fifo_lines);
}

void FifoSource::take_line(const MalformedLine& line) {
  statistics_.add(core::Counter::fifo_malformed);
  malformed_log_.write(
      log_, runtime::Severity::warning,
      "fifo: " + path_ + ": ignored a line that begins \"" + runtime::printable(line.text) + "\"",
      runtime::read_clocks().monotonic);
}

// Nothing for an instance that is ignored or not configured.
std::optional<core::InstanceIndex> FifoSource::find(const std::string& name) {
  const auto found = instances_.find(name);
  if (found == instances_.end()) {
    unknown_log_.write(log_, runtime::Severity::warning,
                       "fifo: " + path_ + ": no instance \"" + runtime::printable(name) +
                           "\" in the configuration that was read",
                       runtime::read_clocks().monotonic);
    return std::nullopt;
  }
  return topology_.instances[found->second].ignored ? std::nullopt : std::optional(found->second);
}

}  // namespace batch_notifier::sources
