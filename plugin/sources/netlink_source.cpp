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
      backoff_(first_retry_wait, longest_retry_wait),
      timer_(loop, [this] { on_timer(); }) {
}

void NetlinkSource::start() {
  open();
}

void NetlinkSource::resync() {
  dump_.want();
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
    dump_.want();
    advance_dump();
  } catch (const std::exception& error) {
    lose(error.what());
  }
}

void NetlinkSource::lose(const std::string& reason) {
  watch_.reset();
  socket_.reset();
  dump_.abort();
  timer_.set(runtime::read_clocks().monotonic + backoff_.next());
  const bool again = reported_ == Reported::lost;
  log_.write(again ? runtime::Severity::debug : runtime::Severity::warning,
             "netlink: " + reason + "; trying again until it works");
  if (!again) {
    reported_ = Reported::lost;
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
                           "netlink: the receive queue overflowed; reading all addresses again",
                           runtime::read_clocks().monotonic);
        dump_.want();
        dump_.spoil();
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
    dump_.spoil();
  }
  if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
    const int error = parse_error(message);
    if (message->nlmsg_type == NLMSG_ERROR && error == ENOBUFS) {
      // The queue filled up just before the question. The answer comes all the same.
      dump_.spoil();
      return;
    }
    if (error != 0) {
      throw std::system_error(error, std::generic_category(), "cannot read links and addresses");
    }
    if (dump_.end_part()) {
      table_.end_dump();
    }
    return;
  }
  if (apply_event(message, table_)) {
    statistics_.add(core::Counter::netlink_messages);
  }
}

void NetlinkSource::advance_dump() {
  switch (dump_.next(runtime::read_clocks().monotonic)) {
    case NetlinkDump::Step::nothing:
      break;
    case NetlinkDump::Step::ask_links:
      table_.begin_dump();
      socket_->request_dump(RTM_GETLINK);
      break;
    case NetlinkDump::Step::ask_addresses:
      socket_->request_dump(RTM_GETADDR);
      break;
    case NetlinkDump::Step::wait:
      timer_.set(dump_.earliest());
      break;
  }
}

void NetlinkSource::report() {
  const bool complete = dump_.take_complete();
  const bool trusted = reported_ == Reported::complete;
  if (!complete && !trusted) {
    return;
  }
  const std::vector<core::VipsSeen> seen = trusted ? table_.take_changes() : table_.take_all();
  if (complete) {
    if (reported_ == Reported::lost) {
      log_.write(runtime::Severity::notice, "netlink: works again");
    }
    reported_ = Reported::complete;
    backoff_.reset();
  }
  for (const core::VipsSeen& vips : seen) {
    sink_.observe(vips);
  }
  if (complete) {
    sink_.observe(core::KernelReadComplete{});
  }
}

}  // namespace batch_notifier::sources
