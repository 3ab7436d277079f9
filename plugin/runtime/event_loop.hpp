// SPDX-License-Identifier: MIT
/// @file
/// The loop of a plugin: it cannot wait, because its host waits. All descriptors sit in one epoll
/// instance, whose own descriptor is the one that the host polls; all timers share one timerfd in
/// it, which is disarmed when nothing is due. So an idle plugin is a sleeping plugin.
///
/// In a failover a thousand messages arrive one by one, and a wake-up costs far more than reading
/// one of them. Sources are therefore watched at Pace::gathered: the first message is handled at
/// once, then the descriptor is not polled for a moment while the next ones queue up in the kernel.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/time.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::runtime {

/// What the clocks say now: CLOCK_MONOTONIC and CLOCK_REALTIME.
core::Now read_clocks();

/// How soon a ready descriptor is handled.
enum class Pace : std::uint8_t {
  immediate,  ///< In the next dispatch.
  gathered,   ///< Likewise, but not within gathering_rest of the last one handled at this pace.
};

/// How long descriptors at Pace::gathered rest after having been handled: far below every batching
/// time, far above the distance of two changes in a burst.
inline constexpr core::Duration gathering_rest{3'000};

class EventLoop;

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

class FdWatch;

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

  /// Descriptors that each child of this plugin keeps open until nothing of it runs any more; in
  /// ascending order, without those that become a child's own. See InheritedFd.
  [[nodiscard]] std::vector<int> inherited() const;

 private:
  friend class FdWatch;
  friend class InheritedFd;
  friend class Timer;

  using TimerKey = std::pair<core::MonotonicTime, Timer*>;

  /// Runs the handlers of what is ready in one epoll instance; returns whether the timerfd is.
  bool run_ready(int epoll);
  void run_gathered();
  void wake_gathered(bool awake);
  void run_due_timers();
  void arm();

  UniqueFd epoll_;
  UniqueFd gathered_;
  UniqueFd timer_fd_;
  std::uint64_t next_id_ = 2;  // 0 and 1 are the timers and the gathered.
  std::unordered_map<std::uint64_t, FdWatch*> watches_;
  std::set<TimerKey> timers_;
  std::multiset<int> inherited_;
  std::optional<core::MonotonicTime> armed_;
  bool dispatching_ = false;
  Timer rest_timer_;
};

/// Calls its handler whenever its descriptor is ready, until it is destroyed. The descriptor stays
/// the caller's and must outlive the watch.
class FdWatch {
 public:
  /// Gets the ready events, of epoll(7).
  using Handler = std::function<void(std::uint32_t events)>;

  /// `events` of epoll(7), level triggered; 0 waits for nothing, not even EPOLLERR or EPOLLHUP.
  /// Throws std::system_error when the descriptor cannot be polled.
  FdWatch(EventLoop& loop, int fd, std::uint32_t events, Handler handler,
          Pace pace = Pace::immediate);
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;
  ~FdWatch();

  /// Replaces the set of events. Throws std::system_error.
  void set_events(std::uint32_t events);

 private:
  friend class EventLoop;

  EventLoop& loop_;
  int epoll_;
  int fd_;
  std::uint32_t events_ = 0;
  std::uint64_t id_;
  Handler handler_;
};

/// Has children keep a descriptor open, until this is destroyed: a lock is then held, and a pipe
/// has a writer, as long as anything of a delivery runs. The descriptor stays the caller's and must
/// outlive this.
class InheritedFd {
 public:
  /// From now on.
  InheritedFd(EventLoop& loop, int fd);
  InheritedFd(const InheritedFd&) = delete;
  InheritedFd& operator=(const InheritedFd&) = delete;
  ~InheritedFd();

 private:
  EventLoop& loop_;
  int fd_;
};

}  // namespace batch_notifier::runtime
