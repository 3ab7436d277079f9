// SPDX-License-Identifier: MIT
#include "sources/netlink_source.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <system_error>

#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <sys/epoll.h>

#include "sources/netlink_messages.hpp"

namespace batch_notifier::sources {

namespace {

constexpr core::Duration first_retry_wait{250'000};
constexpr core::Duration longest_retry_wait{30'000'000};
constexpr core::Duration dump_spacing{100'000};
// Then other sources and the notifiers get their turn.
constexpr int datagrams_per_dispatch = 128;

}  // namespace

NetlinkSource::NetlinkSource(runtime::EventLoop& loop, runtime::Log& log,
                             core::Statistics& statistics, const core::Topology& topology,
                             core::ObservationSink& sink, int receive_buffer)
    : loop_(loop),
      log_(log),
      statistics_(statistics),
      sink_(sink),
      receive_buffer_(receive_buffer),
      table_(topology),
      retry_wait_(first_retry_wait),
      timer_(loop, [this] { on_timer(); }) {
}

void NetlinkSource::start() {
  open();
}

void NetlinkSource::resync() {
  dump_wanted_ = true;
  timer_.set(runtime::read_clocks().monotonic);
}

void NetlinkSource::on_timer() {
  if (socket_) {
    receive();
  } else {
    open();
  }
}

void NetlinkSource::open() {
  try {
    socket_ = std::make_unique<NetlinkSocket>(receive_buffer_);
    watch_ = std::make_unique<runtime::FdWatch>(
        loop_, socket_->fd(), EPOLLIN, [this](std::uint32_t) { receive(); },
        runtime::Pace::gathered);
    dump_wanted_ = true;
    advance_dump();
  } catch (const std::exception& error) {
    lose(error.what());
  }
}

void NetlinkSource::lose(const std::string& reason) {
  watch_.reset();
  socket_.reset();
  dump_ = Dump::none;
  dump_complete_ = false;
  trusted_ = false;
  timer_.set(runtime::read_clocks().monotonic + retry_wait_);
  retry_wait_ = std::min(2 * retry_wait_, longest_retry_wait);
  log_.write(lost_ ? runtime::Severity::debug : runtime::Severity::warning,
             "netlink: " + reason + "; trying again until it works");
  if (!lost_) {
    lost_ = true;
    sink_.observe(core::KernelLost{});
  }
}

void NetlinkSource::receive() {
  try {
    if (drain()) {
      advance_dump();
    }
  } catch (const std::runtime_error& error) {
    lose(error.what());
    return;
  }
  report();
}

// Whether all there was has been taken.
bool NetlinkSource::drain() {
  for (int count = 0; count < datagrams_per_dispatch; ++count) {
    const Received received = socket_->receive();
    switch (received.kind) {
      case Received::Kind::nothing:
        return true;
      case Received::Kind::datagram:
        take(received.datagram);
        break;
      case Received::Kind::overrun:
        statistics_.add(core::Counter::netlink_overruns);
        overrun_log_.write(log_, runtime::Severity::warning,
                           "netlink: more came than could be queued; reading all addresses again",
                           runtime::read_clocks().monotonic);
        dump_wanted_ = true;
        dump_spoilt_ = true;
        break;
    }
  }
  return false;
}

void NetlinkSource::take(const Datagram& datagram) {
  if (datagram.sender != 0) {
    statistics_.add(core::Counter::netlink_foreign_messages);
    foreign_log_.write(log_, runtime::Severity::warning,
                       "netlink: ignored a message that is not from the kernel but from port " +
                           std::to_string(datagram.sender),
                       runtime::read_clocks().monotonic);
    return;
  }
  int remaining = datagram.size;
  auto* message = reinterpret_cast<nlmsghdr*>(datagram.messages.get());
  for (; nlmsg_ok(message, remaining) != 0; message = nlmsg_next(message, &remaining)) {
    take_message(message);
  }
}

void NetlinkSource::take_message(nlmsghdr* message) {
  if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) {
    dump_spoilt_ = true;
  }
  if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
    const int error = parse_error(message);
    if (message->nlmsg_type == NLMSG_ERROR && error == ENOBUFS) {
      // The queue filled up just before the question. The answer comes all the same.
      dump_spoilt_ = true;
      return;
    }
    if (error != 0) {
      throw std::system_error(error, std::generic_category(), "cannot read links and addresses");
    }
    end_dump_step();
    return;
  }
  if (apply_event(message, table_)) {
    statistics_.add(core::Counter::netlink_messages);
  }
}

void NetlinkSource::end_dump_step() {
  if (dump_spoilt_) {
    dump_ = Dump::none;
    dump_wanted_ = true;
  } else if (dump_ == Dump::links_asked) {
    dump_ = Dump::links_read;
  } else if (dump_ == Dump::addresses_asked) {
    dump_ = Dump::none;
    table_.end_dump();
    dump_complete_ = true;
  }
}

// Only to be called with an empty queue. A question put while it is full is refused, and what has
// been in it may be older than an overrun.
void NetlinkSource::advance_dump() {
  if (dump_ == Dump::links_read) {
    dump_ = Dump::addresses_asked;
    socket_->request_dump(RTM_GETADDR);
    return;
  }
  if (dump_ != Dump::none) {
    // Each part of an answer is queued when the one before it is taken, so there must be one.
    if (dump_spoilt_) {
      throw std::runtime_error("the kernel left off in the middle of its answer");
    }
    return;
  }
  if (!dump_wanted_) {
    return;
  }
  const core::MonotonicTime now = runtime::read_clocks().monotonic;
  if (now < next_dump_) {
    timer_.set(next_dump_);
    return;
  }
  next_dump_ = now + dump_spacing;
  dump_wanted_ = false;
  dump_spoilt_ = false;
  dump_ = Dump::links_asked;
  table_.begin_dump();
  socket_->request_dump(RTM_GETLINK);
}

void NetlinkSource::report() {
  if (!dump_complete_ && !trusted_) {
    return;
  }
  const std::vector<core::VipsSeen> seen = trusted_ ? table_.take_changes() : table_.take_all();
  const bool complete = dump_complete_;
  if (complete) {
    if (lost_) {
      log_.write(runtime::Severity::notice, "netlink: works again");
    }
    dump_complete_ = false;
    lost_ = false;
    trusted_ = true;
    retry_wait_ = first_retry_wait;
  }
  for (const core::VipsSeen& vips : seen) {
    sink_.observe(vips);
  }
  if (complete) {
    sink_.observe(core::KernelReadComplete{});
  }
}

}  // namespace batch_notifier::sources
