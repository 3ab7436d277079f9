// SPDX-License-Identifier: MIT
#include "sources/fifo_opener.hpp"

#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

namespace batch_notifier::sources {

namespace {

constexpr core::Duration first_wait{100'000};
constexpr core::Duration longest_wait{5'000'000};

}  // namespace

FifoOpener::FifoOpener(runtime::EventLoop& loop, runtime::Log& log, std::string path,
                       Handlers handlers)
    : loop_(loop),
      log_(log),
      path_(std::move(path)),
      handlers_(std::move(handlers)),
      backoff_(first_wait, longest_wait),
      timer_(loop, [this] { open(); }) {
}

void FifoOpener::open() {
  try {
    // First, so that no change is missed between the two; anew, because a directory can be
    // replaced.
    directory_.reset();
    directory_.emplace(loop_, path_, [this] { timer_.set(runtime::read_clocks().monotonic); });
    handlers_.opened(FifoPipe(path_));
  } catch (const FifoRefused& refusal) {
    complain(refusal.what());
    handlers_.refused();
    return;
  } catch (const std::system_error& error) {
    if (directory_ && error.code().value() == ENOENT) {
      log_.write(runtime::Severity::debug,
                 "notify FIFO " + path_ + ": not there; waiting for keepalived to make it");
      return;
    }
    complain(error.what());
    open_later();
    return;
  } catch (const std::exception& error) {
    complain(error.what());
    open_later();
    return;
  }
  if (!complaint_.empty()) {
    log_.write(runtime::Severity::notice, "notify FIFO " + path_ + ": can be read now");
    complaint_.clear();
  }
}

void FifoOpener::open_later() {
  if (!stopped_) {
    timer_.set(runtime::read_clocks().monotonic + backoff_.next());
  }
}

void FifoOpener::written() {
  directory_.reset();
  timer_.cancel();
  backoff_.reset();
}

void FifoOpener::stop() {
  stopped_ = true;
  directory_.reset();
  timer_.cancel();
}

void FifoOpener::complain(const std::string& reason) {
  if (reason != complaint_) {
    log_.write(runtime::Severity::warning, "notify FIFO " + path_ + ": cannot be read: " + reason +
                                               "; D-Bus and the kernel decide until it can");
    complaint_ = reason;
  }
}

}  // namespace batch_notifier::sources
