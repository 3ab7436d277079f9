// SPDX-License-Identifier: MIT
#include "sources/keepalived_sources.hpp"

#include <utility>

namespace batch_notifier::sources {

KeepalivedSources::KeepalivedSources(const SourceContext& context, core::Topology topology,
                                     Meeting meeting, core::ObservationSink& sink)
    : context_(context), topology_(std::move(topology)), meeting_(std::move(meeting)), sink_(sink) {
}

void KeepalivedSources::start(HeldFifo fifo) {
  netlink_ = std::make_unique<NetlinkSource>(context_.loop, context_.log, context_.statistics,
                                             topology_, sink_);
  netlink_->start();
  const std::string path = meeting_.fifo_path.empty() ? fifo.pipe.path() : meeting_.fifo_path;
  if (!path.empty()) {
    fifo_ = std::make_unique<FifoSource>(context_.loop, context_.log, context_.statistics,
                                         topology_, sink_, path, meeting_.journal);
    fifo_->start(std::move(fifo));
  }
  process_.emplace(context_.loop, context_.log, sink_, meeting_.process_descriptor);
  if (fifo_) {
    fifo_->stop_reading_when([this] { return process_->ended(); });
  }
  if (!topology_.dbus_enabled) {
    context_.log.write(runtime::Severity::warning,
                       "enable_dbus is not set in global_defs: states come from the notify FIFO "
                       "and the kernel");
    return;
  }
  dbus_ = std::make_unique<DbusSource>(context_.loop, context_.log, context_.statistics, topology_,
                                       sink_, DbusSource::Options{});
  dbus_->start();
}

void KeepalivedSources::replay(std::string_view bytes, bool damaged) {
  if (fifo_) {
    fifo_->replay(bytes, damaged);
  }
}

void KeepalivedSources::pin_fifo() {
  if (fifo_) {
    fifo_->pin();
  }
}

runtime::UniqueFd KeepalivedSources::hand_over_fifo() {
  return fifo_ ? fifo_->hand_over() : runtime::UniqueFd();
}

void KeepalivedSources::ask_dbus(const std::vector<core::InstanceIndex>& instances) {
  if (dbus_) {
    dbus_->ask(instances);
  }
}

void KeepalivedSources::read_addresses() {
  if (netlink_) {
    netlink_->resync();
  }
}

}  // namespace batch_notifier::sources
