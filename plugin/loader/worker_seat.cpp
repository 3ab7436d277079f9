// SPDX-License-Identifier: MIT
#include "loader/worker_seat.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <ctime>
#include <new>
#include <utility>

#include <sys/mman.h>
#include <sys/timerfd.h>

namespace batch_notifier::loader {

/// In memory that both processes have.
struct WorkerSeat::Note {
  std::atomic<bool> written{false};
  std::atomic<int> status{0};
  std::atomic<core::Duration::rep> limit{0};
};

namespace {

itimerspec after(core::Duration duration) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
  itimerspec time{};
  time.it_value.tv_sec = seconds.count();
  time.it_value.tv_nsec = static_cast<long>(std::chrono::nanoseconds(duration - seconds).count());
  return time;
}

}  // namespace

WorkerSeat::WorkerSeat() : timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  constexpr int no_file = -1;
  void* memory = mmap(nullptr, sizeof(Note), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                      // cppcheck-suppress invalidFunctionArg
                      no_file, /*offset=*/0);
  note_ = memory == MAP_FAILED ? nullptr : new (memory) Note;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) == 0) {
    remains_.reset(ends[0]);
    deliveries_.reset(ends[1]);
  }
}

WorkerSeat::WorkerSeat(WorkerSeat&& other) noexcept
    : timer_(std::move(other.timer_)),
      deliveries_(std::move(other.deliveries_)),
      remains_(std::move(other.remains_)),
      note_(std::exchange(other.note_, nullptr)) {
}

WorkerSeat& WorkerSeat::operator=(WorkerSeat&& other) noexcept {
  std::swap(timer_, other.timer_);
  std::swap(deliveries_, other.deliveries_);
  std::swap(remains_, other.remains_);
  std::swap(note_, other.note_);
  return *this;
}

WorkerSeat::~WorkerSeat() {
  if (note_ != nullptr) {
    munmap(note_, sizeof(Note));
  }
}

void WorkerSeat::begin_turn(core::Duration limit) const {
  if (note_ != nullptr) {
    note_->limit = limit.count();
  }
  set_timer(limit);
}

void WorkerSeat::end_turn() const {
  set_timer(core::Duration::zero());
}

void WorkerSeat::set_timer(core::Duration left) const {
  if (timer_) {
    const itimerspec time = after(left);
    timerfd_settime(timer_.get(), 0, &time, nullptr);
  }
}

void WorkerSeat::note_exit(int status) {
  if (note_ != nullptr) {
    note_->status = status;
    note_->written = true;
  }
}

bool WorkerSeat::overdue() const {
  pollfd timer{timer_.get(), POLLIN, 0};
  return timer_ && poll(&timer, 1, /*timeout=*/0) == 1;
}

core::Duration WorkerSeat::limit() const {
  return note_ != nullptr ? core::Duration(note_->limit.load()) : longest_turn;
}

std::optional<int> WorkerSeat::noted_exit() const {
  return note_ != nullptr && note_->written ? std::optional(note_->status.load()) : std::nullopt;
}

}  // namespace batch_notifier::loader
