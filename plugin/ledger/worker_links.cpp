// SPDX-License-Identifier: MIT
#include "ledger/worker_links.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <numeric>
#include <utility>

#include <sys/epoll.h>

#include "ledger/worker_socket.hpp"

namespace batch_notifier::ledger {

namespace {

using runtime::Severity;
using runtime::UniqueFd;

constexpr std::string_view files_follow = "batch_notifier 1 ledger";
/// How many connections and messages are handled before other events get their turn.
constexpr int at_once = 16;
constexpr core::Duration first_retry{100'000};
constexpr core::Duration longest_retry{1'000'000};
/// How long no connection is accepted after another user's process has connected: else any user
/// could keep this worker busy. A worker that comes meanwhile waits in the queue.
constexpr core::Duration rest_time{1'000'000};

}  // namespace

WorkerLinks::WorkerLinks(runtime::EventLoop& loop, runtime::Log& log, std::string place,
                         Handlers handlers)
    : loop_(loop),
      log_(log),
      place_(std::move(place)),
      handlers_(std::move(handlers)),
      backoff_(first_retry, longest_retry),
      retry_(loop, [this] { reach(std::exchange(unreached_, {})); }),
      rest_(loop, [this] { listener_watch_->set_events(EPOLLIN); }) {
}

int WorkerLinks::listen() {
  for (int slot = 0; slot < worker_slots; ++slot) {
    listener_ = listen_at(place_, slot);
    if (listener_) {
      listener_watch_.emplace(loop_, listener_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
      return slot;
    }
  }
  log_.write(Severity::warning,
             "handover: all socket addresses are occupied by other processes: a worker that starts "
             "later cannot find this one without a state directory");
  return worker_slots;
}

void WorkerLinks::connect(int own_slot) {
  std::vector<int> slots(worker_slots);
  std::iota(slots.begin(), slots.end(), 0);
  slots.erase(std::remove(slots.begin(), slots.end(), own_slot), slots.end());
  reach(slots);
}

void WorkerLinks::reach(const std::vector<int>& slots) {
  for (const int slot : slots) {
    WorkerConnection connection = connect_to(place_, slot);
    if (connection.socket) {
      add(std::move(connection.socket));
    } else if (connection.busy) {
      unreached_.push_back(slot);
    }
  }
  if (!unreached_.empty()) {
    retry_.set(runtime::read_clocks().monotonic + backoff_.next());
  }
  handlers_.changed();
}

void WorkerLinks::accept() {
  try {
    for (int count = 0; count < at_once; ++count) {
      WorkerConnection connection = accept_from(listener_);
      if (connection.foreign) {
        rest("another user's process has connected to this worker: ignored");
        return;
      }
      if (!connection.socket) {
        return;
      }
      add(std::move(connection.socket));
    }
  } catch (const std::exception& error) {
    rest(error.what());
  }
}

void WorkerLinks::rest(const std::string& reason) {
  const core::MonotonicTime now = runtime::read_clocks().monotonic;
  throttle_.write(log_, Severity::warning, "handover: " + reason, now);
  listener_watch_->set_events(0);
  rest_.set(now + rest_time);
}

void WorkerLinks::add(UniqueFd socket) {
  links_.emplace_back();
  const Place link = std::prev(links_.end());
  link->socket = std::move(socket);
  link->watch.emplace(loop_, link->socket.get(), EPOLLIN,
                      [this, link](std::uint32_t) { receive(link); });
  if (!greeting_.empty()) {
    send_message(link->socket, greeting_);
  }
}

void WorkerLinks::receive(Place link) {
  for (int count = 0; count < at_once; ++count) {
    Received received = receive_message(link->socket);
    if (received.kind == Received::Kind::nothing) {
      break;
    }
    if (received.kind == Received::Kind::closed) {
      links_.erase(link);
      break;
    }
    if (received.message.text == files_follow) {
      handlers_.files(std::move(received.message.files));
    } else if (const auto status = read_status(received.message.text)) {
      link->status = status;
    }
  }
  handlers_.changed();
}

void WorkerLinks::announce(const WorkerStatus& status) {
  greeting_ = write_status(status);
  for (const Link& link : links_) {
    send_message(link.socket, greeting_);
  }
}

std::vector<std::optional<WorkerStatus>> WorkerLinks::statuses() const {
  std::vector<std::optional<WorkerStatus>> all(unreached_.size());
  std::transform(links_.begin(), links_.end(), std::back_inserter(all),
                 [](const Link& link) { return link.status; });
  return all;
}

void WorkerLinks::send(const std::vector<const UniqueFd*>& files,
                       const std::function<bool(const WorkerStatus&)>& condition) {
  for (const Link& link : links_) {
    if (link.status && condition(*link.status)) {
      send_message(link.socket, files_follow, files);
    }
  }
}

}  // namespace batch_notifier::ledger
