// SPDX-License-Identifier: MIT
/// @file
/// The loop of a guest: it cannot wait, because waiting is the host's part. All descriptors sit in
/// one epoll instance, whose own descriptor is the one that the host polls; all timers share one
/// timerfd in it, which is disarmed when nothing is due. So an idle plugin is a sleeping plugin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/time.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::runtime {

/// What the clocks say now: CLOCK_MONOTONIC and CLOCK_REALTIME.
core::Now read_clocks();

class FdWatch;
class Timer;

/// Descriptors and timers of one plugin object. Outlives every FdWatch and Timer made with it. One
/// thread.
class EventLoop {
 public:
  /// Throws std::system_error when the kernel has no descriptor left.
  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Readable whenever dispatch() has something to do. Owned by the loop.
  [[nodiscard]] int fd() const { return epoll_.get(); }

  /// Runs the handlers of all that is ready, once, and of all timers that are due; never blocks.
  /// Handlers may create and destroy watches and timers, their own included. What a handler throws
  /// goes to the caller; the rest is handled at the next call.
  void dispatch();

 private:
  friend class FdWatch;
  friend class Timer;

  using TimerKey = std::pair<core::MonotonicTime, Timer*>;

  void run_due_timers();
  void arm();

  UniqueFd epoll_;
  UniqueFd timer_fd_;
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, FdWatch*> watches_;
  std::set<TimerKey> timers_;
  std::optional<core::MonotonicTime> armed_;
  bool dispatching_ = false;
};

/// Calls its handler whenever its descriptor is ready, until it is destroyed. The descriptor stays
/// the caller's and must outlive the watch.
class FdWatch {
 public:
  /// Gets the ready events, of epoll(7).
  using Handler = std::function<void(std::uint32_t events)>;

  /// `events` of epoll(7), level triggered; 0 waits for nothing, not even EPOLLERR or EPOLLHUP.
  /// Throws std::system_error when the descriptor cannot be polled.
  FdWatch(EventLoop& loop, int fd, std::uint32_t events, Handler handler);
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;
  ~FdWatch();

  /// Replaces the set of events. Throws std::system_error.
  void set_events(std::uint32_t events);

 private:
  friend class EventLoop;

  EventLoop& loop_;
  int fd_;
  std::uint32_t events_ = 0;
  std::uint64_t id_;
  Handler handler_;
};

/// Calls its handler once at a point in time; can be set again.
class Timer {
 public:
  /// Not set at first.
  Timer(EventLoop& loop, std::function<void()> handler);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();

  /// Fires at `deadline`, or in the next dispatch if that is past; replaces an earlier deadline.
  void set(core::MonotonicTime deadline);
  /// Does not fire.
  void cancel();
  /// The deadline, while set.
  [[nodiscard]] std::optional<core::MonotonicTime> deadline() const { return deadline_; }

 private:
  friend class EventLoop;

  EventLoop& loop_;
  std::function<void()> handler_;
  std::optional<core::MonotonicTime> deadline_;
};

}  // namespace batch_notifier::runtime
