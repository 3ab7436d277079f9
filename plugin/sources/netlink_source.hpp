// SPDX-License-Identifier: MIT
/// @file
/// The third witness: which VIPs and links the kernel has. It subscribes first and reads everything
/// afterwards, so that nothing is missed in between. When messages may have been lost it reads
/// everything again, and keeps its table meanwhile: so a burst that overruns the socket costs some
/// time, and the witness is not lost.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/backoff.hpp"
#include "core/observation.hpp"
#include "core/statistics.hpp"
#include "core/topology.hpp"
#include "core/vip_table.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/log_throttle.hpp"
#include "sources/netlink_dump.hpp"
#include "sources/netlink_socket.hpp"

struct nlmsghdr;

namespace batch_notifier::sources {

/// Reports the VIPs of every instance that is not ignored: all of them and KernelReadComplete once
/// everything has been read for the first time or after KernelLost; then each instance that
/// changed, once per burst, as it changes; after a repeated dump what it found and
/// KernelReadComplete. The socket belongs to the network namespace that the thread is in whenever
/// it is opened.
class NetlinkSource {
 public:
  /// Bytes of notifications that may wait for us: those of some ten thousand addresses.
  static constexpr int default_receive_buffer = 8 * 1024 * 1024;

  /// All but the topology must outlive this.
  NetlinkSource(runtime::EventLoop& loop, runtime::Log& log, core::Statistics& statistics,
                const core::Topology& topology, core::ObservationSink& sink,
                int receive_buffer = default_receive_buffer);

  /// Begins. Never throws: a failure is logged, reported as KernelLost and tried again after
  /// 0.25 s, doubling to 30 s. To be called once.
  void start();

  /// Reads everything again soon, or opens the socket again if that is what is being waited for.
  void resync();

 private:
  /// What was reported last about the whole.
  enum class Reported : std::uint8_t { nothing, lost, complete };

  void open();
  void lose(const std::string& reason);
  void on_timer();
  void receive();
  bool drain();
  void take(const Datagram& datagram);
  void take_message(nlmsghdr* message);
  void advance_dump();
  void report();

  runtime::EventLoop& loop_;
  runtime::Log& log_;
  core::Statistics& statistics_;
  core::ObservationSink& sink_;
  int receive_buffer_;

  core::VipTable table_;
  NetlinkDump dump_;
  Reported reported_ = Reported::nothing;
  core::Backoff backoff_;  // Between attempts to open.

  runtime::LogThrottle foreign_log_;
  runtime::LogThrottle overrun_log_;
  std::unique_ptr<NetlinkSocket> socket_;
  std::unique_ptr<runtime::FdWatch> watch_;  // After the socket: goes before it.
  runtime::Timer timer_;                     // To open again, or for a dump that has to wait.
};

}  // namespace batch_notifier::sources
