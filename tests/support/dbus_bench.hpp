// SPDX-License-Identifier: MIT
/// @file
/// A DbusSource with everything around it recorded, and its loop turned by the test.
#pragma once

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sources/dbus_source.hpp"
#include "tests/support/bus_peer.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/recording_log.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

/// Observations as words, e.g. "found" or "VI_0 MASTER answered".
class RecordingSink : public core::ObservationSink {
 public:
  /// Names the instances of `topology`, which outlives the sink.
  explicit RecordingSink(const core::Topology& topology) : topology_(topology) {}

  void observe(const core::Observation& observation) override {
    const std::string words =
        std::visit([this](const auto& one) { return describe(one); }, observation);
    if (words == fail_at) {
      throw std::runtime_error(words);
    }
    seen.push_back(words);
  }

  /// What has been observed, in order.
  std::vector<std::string> seen;
  /// The observation at which it throws std::runtime_error instead.
  std::string fail_at;

 private:
  std::string describe(const core::StateSeen& one) const {
    return topology_.instances.at(one.instance).name + " " + std::string(to_string(one.state)) +
           (one.answered ? " answered" : "");
  }
  std::string describe(const core::DbusInstanceAbsent& one) const {
    return topology_.instances.at(one.instance).name + " absent";
  }
  static std::string describe(const core::DbusOwnerFound& one) {
    return one.after_silence ? "found again" : "found";
  }
  static std::string describe(const core::DbusReadComplete&) { return "complete"; }
  static std::string describe(const core::DbusOwnerLost&) { return "lost"; }
  static std::string describe(const core::DbusBusLost&) { return "bus lost"; }
  static std::string describe(const core::DbusSilent&) { return "silent"; }
  static std::string describe(const core::VipsSeen&) { return "not from D-Bus"; }
  static std::string describe(const core::KernelReadComplete&) { return "not from D-Bus"; }
  static std::string describe(const core::KernelLost&) { return "not from D-Bus"; }
  static std::string describe(const core::FifoOpened&) { return "not from D-Bus"; }
  static std::string describe(const core::FifoLost&) { return "not from D-Bus"; }
  static std::string describe(const core::KeepalivedWatched&) { return "not from D-Bus"; }
  static std::string describe(const core::KeepalivedEnded&) { return "not from D-Bus"; }
  static std::string describe(const core::PrioritySeen&) { return "not from D-Bus"; }

  const core::Topology& topology_;
};

/// The source and what it needs. Instances are VI_0, VI_1 … on eth0 with VRIDs from 1.
class DbusBench {
 public:
  /// `address` of the bus, and how many instances there are.
  DbusBench(const std::string& address, std::size_t instances) : sink(topology) {
    options.address = address;
    options.retry_min = std::chrono::milliseconds(10);
    options.retry_max = std::chrono::milliseconds(50);
    for (std::size_t index = 0; index < instances; ++index) {
      core::Instance instance;
      instance.name = "VI_" + std::to_string(index);
      instance.interface = "eth" + std::to_string(index / 255);
      instance.vrid = static_cast<std::uint8_t>(index % 255 + 1);
      topology.instances.push_back(instance);
    }
  }

  /// Makes the source and starts it.
  void start() {
    source.emplace(loop, log, statistics, topology, sink, options);
    source->start();
  }

  /// Object path of an instance.
  [[nodiscard]] std::string path(std::size_t index) const {
    return sources::DbusPaths(topology).path(index);
  }

  /// Turns the loop and the peers until nothing is ready.
  void pump() {
    pollfd ready{loop.fd(), POLLIN, 0};
    for (BusPeer* peer : peers) {
      peer->pump();
    }
    while (poll(&ready, 1, 0) > 0) {
      ++dispatches;
      loop.dispatch();
    }
  }

  /// pump() until `condition`; false if that does not come.
  template <typename Condition>
  bool until(Condition condition) {
    return wait_until([&] {
      pump();
      return condition();
    });
  }

  /// pump() until `what` is the newest observation.
  bool until_seen(const std::string& what) {
    return until([&] { return !sink.seen.empty() && sink.seen.back() == what; });
  }

  /// A counter.
  [[nodiscard]] std::uint64_t value(core::Counter counter) const {
    return statistics.value(counter);
  }

  runtime::EventLoop loop;                    ///< Turned by pump().
  RecordingLog log;                           ///< What was logged.
  core::Statistics statistics;                ///< What was counted.
  core::Topology topology;                    ///< To be changed before start().
  RecordingSink sink;                         ///< What was observed.
  sources::DbusSource::Options options;       ///< To be changed before start().
  std::optional<sources::DbusSource> source;  ///< Made by start().
  std::vector<BusPeer*> peers;                ///< Who else is turned by pump().
  std::size_t dispatches = 0;                 ///< How often the loop had something to do.
};

/// Name of keepalived's service.
inline constexpr const char* keepalived_service = "org.keepalived.Vrrp1";

/// States as keepalived numbers them.
inline constexpr std::uint32_t backup = 1;
inline constexpr std::uint32_t master = 2;  ///< \copydoc backup
inline constexpr std::uint32_t fault = 3;   ///< \copydoc backup

/// A bus, a keepalived that owns the service, and the source, not started.
struct Attached {
  /// With so many instances.
  explicit Attached(std::size_t instances)
      : keepalived(std::in_place, bus.address()), bench(bus.address(), instances) {
    keepalived->own(keepalived_service);
    bench.peers.push_back(&*keepalived);
  }

  /// Unique name of the source. Once it has asked.
  [[nodiscard]] std::string source_name() const {
    return dbus_message_get_sender(keepalived->last_call.get());
  }

  /// Waits for so many unanswered questions.
  bool until_asked(std::size_t count) {
    return bench.until([&] { return keepalived->calls.size() == count; });
  }

  /// Starts, answers every question with BACKUP, and forgets what was observed. False if it does
  /// not get that far.
  bool read_all() {
    bench.start();
    for (const core::Instance& instance : bench.topology.instances) {
      if (!bench.until([&] { return !keepalived->calls.empty(); })) {
        return false;
      }
      keepalived->answer(instance.name, backup);
    }
    const bool complete = bench.until_seen("complete");
    bench.sink.seen.clear();
    return complete;
  }

  PrivateBus bus;                     ///< The bus.
  std::optional<BusPeer> keepalived;  ///< Until the test takes it away.
  DbusBench bench;                    ///< The source.
};

}  // namespace batch_notifier::tests
