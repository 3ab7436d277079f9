// SPDX-License-Identifier: MIT
#include "runtime/event_loop.hpp"

#include <array>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <vector>

#include <sys/epoll.h>
#include <sys/timerfd.h>

namespace batch_notifier::runtime {

namespace {

/// Standard input, output, error, and the report of a failure.
constexpr int last_own_descriptor = 3;

constexpr std::uint64_t timer_id = 0;
constexpr std::uint64_t gathered_id = 1;
constexpr std::size_t events_per_dispatch = 64;

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

core::Duration read_clock(clockid_t clock) {
  timespec value{};
  clock_gettime(clock, &value);
  return std::chrono::duration_cast<core::Duration>(std::chrono::seconds(value.tv_sec) +
                                                    std::chrono::nanoseconds(value.tv_nsec));
}

}  // namespace

core::Now read_clocks() {
  return {core::MonotonicTime(read_clock(CLOCK_MONOTONIC)),
          core::UtcTime(read_clock(CLOCK_REALTIME))};
}

EventLoop::EventLoop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      gathered_(epoll_create1(EPOLL_CLOEXEC)),
      timer_fd_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      rest_timer_(*this, [this] { wake_gathered(true); }) {
  epoll_event timer{};
  timer.events = EPOLLIN;
  timer.data.u64 = timer_id;
  epoll_event gathered{};
  gathered.events = EPOLLIN;
  gathered.data.u64 = gathered_id;
  if (!epoll_ || !gathered_ || !timer_fd_ ||
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer_fd_.get(), &timer) != 0 ||
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, gathered_.get(), &gathered) != 0) {
    throw_errno("cannot create the event loop");
  }
}

void EventLoop::dispatch() {
  struct Scope {
    EventLoop& loop;
    explicit Scope(EventLoop& owner) : loop(owner) { loop.dispatching_ = true; }
    ~Scope() {
      loop.dispatching_ = false;
      loop.arm();
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
  };
  const Scope scope(*this);
  if (run_ready(epoll_.get())) {
    std::uint64_t expirations = 0;
    // Taken only so that the descriptor is no longer ready; it cannot block.
    [[maybe_unused]] const ssize_t taken = read(timer_fd_.get(), &expirations, sizeof(expirations));
    armed_.reset();
    run_due_timers();
  }
}

bool EventLoop::run_ready(int epoll) {
  std::array<epoll_event, events_per_dispatch> events{};
  const int count =
      epoll_wait(epoll, events.data(), static_cast<int>(events.size()), /*timeout=*/0);
  bool timer_due = false;
  for (int index = 0; index < count; ++index) {
    const epoll_event& event = events.at(static_cast<std::size_t>(index));
    // A copy: the kernel's structure is packed, and a reference into it would not be aligned.
    const std::uint64_t id = event.data.u64;
    if (id == timer_id) {
      timer_due = true;
    } else if (id == gathered_id) {
      run_gathered();
    } else if (const auto found = watches_.find(id); found != watches_.end()) {
      // Looked up, because an earlier handler of this round may have removed the watch; copied,
      // because this one may.
      const FdWatch::Handler handler = found->second->handler_;
      handler(event.events);
    }
  }
  return timer_due;
}

void EventLoop::run_gathered() {
  run_ready(gathered_.get());
  wake_gathered(false);
  rest_timer_.set(read_clocks().monotonic + gathering_rest);
}

void EventLoop::wake_gathered(bool awake) {
  epoll_event event{};
  event.events = awake ? std::uint32_t{EPOLLIN} : 0U;
  event.data.u64 = gathered_id;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, gathered_.get(), &event);
}

void EventLoop::run_due_timers() {
  const core::MonotonicTime now = read_clocks().monotonic;
  // Taken one by one, because each handler may change the set; those that handlers set again are
  // later than `now` or wait for the next round, so this ends.
  const auto first_later = timers_.lower_bound({now + core::Duration(1), nullptr});
  const std::vector<TimerKey> due(timers_.begin(), first_later);
  for (const TimerKey& key : due) {
    const auto found = timers_.find(key);
    if (found == timers_.end()) {
      continue;
    }
    Timer& timer = *found->second;
    timers_.erase(found);
    timer.deadline_.reset();
    const std::function<void()> handler = timer.handler_;
    handler();
  }
}

void EventLoop::arm() {
  if (dispatching_) {
    return;
  }
  std::optional<core::MonotonicTime> wanted;
  if (!timers_.empty()) {
    wanted = timers_.begin()->first;
  }
  if (wanted == armed_) {
    return;
  }
  itimerspec value{};
  if (wanted) {
    // Zero would disarm, and what is past is due at once: one nanosecond after boot.
    const auto since_boot = wanted->time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
    value.it_value.tv_sec = seconds.count() > 0 ? seconds.count() : 0;
    value.it_value.tv_nsec =
        seconds.count() >= 0 ? std::chrono::nanoseconds(since_boot - seconds).count() : 0;
    if (value.it_value.tv_sec == 0 && value.it_value.tv_nsec <= 0) {
      value.it_value.tv_nsec = 1;
    }
  }
  timerfd_settime(timer_fd_.get(), TFD_TIMER_ABSTIME, &value, nullptr);
  armed_ = wanted;
}

FdWatch::FdWatch(EventLoop& loop, int fd, std::uint32_t events, Handler handler, Pace pace)
    : loop_(loop),
      epoll_(pace == Pace::gathered ? loop.gathered_.get() : loop.epoll_.get()),
      fd_(fd),
      id_(loop.next_id_++),
      handler_(std::move(handler)) {
  loop_.watches_.emplace(id_, this);
  try {
    set_events(events);
  } catch (...) {
    loop_.watches_.erase(id_);
    throw;
  }
}

FdWatch::~FdWatch() {
  loop_.watches_.erase(id_);
  if (events_ != 0) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, fd_, nullptr);
  }
}

void FdWatch::set_events(std::uint32_t events) {
  if (events == events_) {
    return;
  }
  epoll_event event{};
  event.events = events;
  event.data.u64 = id_;
  const int operation = events == 0 ? EPOLL_CTL_DEL : events_ == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(epoll_, operation, fd_, &event) != 0) {
    throw_errno("cannot watch a descriptor");
  }
  events_ = events;
}

Timer::Timer(EventLoop& loop, std::function<void()> handler)
    : loop_(loop), handler_(std::move(handler)) {
}

Timer::~Timer() {
  cancel();
}

void Timer::set(core::MonotonicTime deadline) {
  if (deadline_ == deadline) {
    return;
  }
  if (deadline_) {
    loop_.timers_.erase({*deadline_, this});
  }
  deadline_ = deadline;
  loop_.timers_.insert({deadline, this});
  loop_.arm();
}

void Timer::cancel() {
  if (deadline_) {
    loop_.timers_.erase({*deadline_, this});
    deadline_.reset();
    loop_.arm();
  }
}

std::vector<int> EventLoop::inherited() const {
  // A host without standard descriptors may have any of them there.
  return {inherited_.upper_bound(last_own_descriptor), inherited_.end()};
}

InheritedFd::InheritedFd(EventLoop& loop, int fd) : loop_(loop), fd_(fd) {
  loop_.inherited_.insert(fd);
}

InheritedFd::~InheritedFd() {
  loop_.inherited_.erase(loop_.inherited_.find(fd_));
}

}  // namespace batch_notifier::runtime
