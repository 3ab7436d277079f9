// SPDX-License-Identifier: MIT
#include "sources/fifo_reporter.hpp"

#include <utility>
#include <variant>

#include "runtime/event_loop.hpp"
#include "runtime/printable.hpp"

namespace batch_notifier::sources {

FifoReporter::FifoReporter(runtime::Log& log, core::Statistics& statistics,
                           const core::Topology& topology, core::ObservationSink& sink,
                           std::string path)
    : log_(log), statistics_(statistics), topology_(topology), sink_(sink), path_(std::move(path)) {
  for (core::InstanceIndex index = 0; index < topology.instances.size(); ++index) {
    instances_.emplace(topology.instances[index].name, index);
  }
}

void FifoReporter::take(std::string_view bytes) {
  for (const FifoLine& line : lines_.feed(bytes)) {
    std::visit([this](const auto& one) { take_line(one); }, line);
  }
}

void FifoReporter::take_line(const InstanceLine& line) {
  statistics_.add(core::Counter::fifo_lines);
  if (const std::optional<core::InstanceIndex> instance = find(line.name)) {
    sink_.observe(
        core::StateSeen{core::Witness::fifo, *instance, line.state, false, line.priority});
  }
}

void FifoReporter::take_line(const PriorityLine& line) {
  statistics_.add(core::Counter::fifo_lines);
  if (const std::optional<core::InstanceIndex> instance = find(line.name)) {
    sink_.observe(core::PrioritySeen{*instance, line.priority, line.contested});
  }
}

void FifoReporter::take_line(const GroupLine& /*line*/) {
  statistics_.add(core::Counter::fifo_lines);
}

void FifoReporter::take_line(const ServerLine& /*line*/) {
  statistics_.add(core::Counter::fifo_lines);
}

void FifoReporter::take_line(const MalformedLine& line) {
  statistics_.add(core::Counter::fifo_malformed);
  malformed_log_.write(log_, runtime::Severity::warning,
                       "notify FIFO " + path_ + ": ignored a line that begins \"" +
                           runtime::printable(line.text) + "\": keepalived writes no such line",
                       runtime::read_clocks().monotonic);
}

// Nothing for an instance that is ignored or not configured.
std::optional<core::InstanceIndex> FifoReporter::find(const std::string& name) {
  const auto found = instances_.find(name);
  if (found == instances_.end()) {
    unknown_log_.write(log_, runtime::Severity::warning,
                       "notify FIFO " + path_ + ": ignored a line about instance \"" +
                           runtime::printable(name) +
                           "\": it is not in the configuration that was read",
                       runtime::read_clocks().monotonic);
    return std::nullopt;
  }
  return topology_.instances[found->second].ignored ? std::nullopt : std::optional(found->second);
}

}  // namespace batch_notifier::sources
