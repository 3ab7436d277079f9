// SPDX-License-Identifier: MIT
/// @file
/// Bytes of the notify FIFO in, observations out.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/observation.hpp"
#include "core/statistics.hpp"
#include "core/topology.hpp"
#include "runtime/log.hpp"
#include "runtime/log_throttle.hpp"
#include "sources/fifo_lines.hpp"

namespace batch_notifier::sources {

/// Reports StateSeen and PrioritySeen of configured instances that are not ignored, in the order of
/// the lines. Lines of sync groups and servers are counted only; others are counted and logged.
class FifoReporter {
 public:
  /// All of them must outlive this. `path` is the FIFO's, for the log.
  FifoReporter(runtime::Log& log, core::Statistics& statistics, const core::Topology& topology,
               core::ObservationSink& sink, std::string path);

  /// Takes the next bytes and reports the lines that they complete.
  void take(std::string_view bytes);

  /// See FifoLines.
  [[nodiscard]] std::size_t rest() const { return lines_.rest(); }
  /// See FifoLines.
  void drop_rest() { lines_.drop_rest(); }

 private:
  void take_line(const InstanceLine& line);
  void take_line(const PriorityLine& line);
  void take_line(const GroupLine& line);
  void take_line(const ServerLine& line);
  void take_line(const MalformedLine& line);
  std::optional<core::InstanceIndex> find(const std::string& name);

  runtime::Log& log_;
  core::Statistics& statistics_;
  const core::Topology& topology_;
  core::ObservationSink& sink_;
  const std::string path_;
  std::unordered_map<std::string, core::InstanceIndex> instances_;
  FifoLines lines_;
  runtime::LogThrottle malformed_log_;
  runtime::LogThrottle unknown_log_;
};

}  // namespace batch_notifier::sources
