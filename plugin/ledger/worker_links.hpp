// SPDX-License-Identifier: MIT
/// @file
/// Links between the workers of one user that have the same place (handover.hpp). A worker listens
/// before it connects to the others, so that of two that begin at once at least one finds the
/// other.
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "core/backoff.hpp"
#include "ledger/handover_rule.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/log_throttle.hpp"
#include "runtime/unique_fd.hpp"

namespace batch_notifier::ledger {

/// All links of one worker.
class WorkerLinks {
 public:
  /// Called from the event loop.
  struct Handlers {
    std::function<void()> changed;  ///< A worker came, announced its status, or ended.
    /// A worker has sent these.
    std::function<void(std::vector<runtime::UniqueFd>)> files;
  };

  /// `loop` and `log` must outlive the object. See Handover for `place`.
  WorkerLinks(runtime::EventLoop& loop, runtime::Log& log, std::string place, Handlers handlers);
  WorkerLinks(const WorkerLinks&) = delete;
  WorkerLinks& operator=(const WorkerLinks&) = delete;
  ~WorkerLinks() = default;

  /// Begins to listen, and returns the slot; worker_slots if none is free, which is logged. Throws
  /// std::system_error.
  int listen();

  /// Connects to all workers that listen, except at `own_slot`. Throws std::system_error.
  void connect(int own_slot);

  /// Announces a status on all links, present and future.
  void announce(const WorkerStatus& status);

  /// What each other worker announced last; nothing for one that has not.
  [[nodiscard]] std::vector<std::optional<WorkerStatus>> statuses() const;

  /// Sends files, at most most_files, to the workers whose status fulfils the condition.
  void send(const std::vector<const runtime::UniqueFd*>& files,
            const std::function<bool(const WorkerStatus&)>& condition);

 private:
  /// Another worker.
  struct Link {
    runtime::UniqueFd socket;
    std::optional<WorkerStatus> status;     ///< Nothing until it was announced.
    std::optional<runtime::FdWatch> watch;  ///< After the socket: goes before it.
  };
  using Place = std::list<Link>::iterator;

  void accept();
  void add(runtime::UniqueFd socket);
  void reach(const std::vector<int>& slots);
  void receive(Place link);
  void rest(const std::string& reason);

  runtime::EventLoop& loop_;
  runtime::Log& log_;
  const std::string place_;
  const Handlers handlers_;
  std::string greeting_;        ///< The announced status.
  std::vector<int> unreached_;  ///< Slots whose worker could not take another connection.
  core::Backoff backoff_;
  std::list<Link> links_;
  runtime::UniqueFd listener_;
  std::optional<runtime::FdWatch> listener_watch_;
  runtime::LogThrottle throttle_;
  runtime::Timer retry_;  ///< To reach the unreached ones.
  runtime::Timer rest_;   ///< The end of a rest in listening.
};

}  // namespace batch_notifier::ledger
