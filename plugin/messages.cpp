// SPDX-License-Identifier: MIT
#include "messages.hpp"

#include <string_view>
#include <variant>
#include <vector>

#include "core/vrrp_state.hpp"
#include "runtime/text.hpp"

namespace batch_notifier {

namespace {

/// Words for every kind of observation.
class Describer {
 public:
  explicit Describer(const core::Topology& topology) : topology_(topology) {}

  std::string operator()(const core::StateSeen& seen) const {
    return name(seen.instance) + " is " + std::string(to_string(seen.state)) + " by " +
           std::string(to_string(seen.witness)) + (seen.answered ? " (read)" : " (signal)");
  }
  std::string operator()(const core::DbusOwnerFound& found) const {
    return found.after_silence ? "keepalived answers on D-Bus again" : "keepalived is on the bus";
  }
  std::string operator()(const core::DbusReadComplete& /*complete*/) const {
    return "every instance has been read";
  }
  std::string operator()(const core::DbusInstanceAbsent& absent) const {
    return name(absent.instance) + " is unknown on D-Bus";
  }
  std::string operator()(const core::DbusOwnerLost& /*lost*/) const {
    return "keepalived has left the bus";
  }
  std::string operator()(const core::DbusBusLost& /*lost*/) const { return "the bus is gone"; }
  std::string operator()(const core::DbusSilent& /*silent*/) const {
    return "keepalived does not answer on D-Bus";
  }
  std::string operator()(const core::VipsSeen& seen) const {
    return name(seen.instance) + " has " + runtime::count_text(seen.present, "VIP") +
           (seen.first_present ? ", the first one too" : "");
  }
  std::string operator()(const core::KernelReadComplete& /*complete*/) const {
    return "the kernel's addresses have been read";
  }
  std::string operator()(const core::KernelLost& /*lost*/) const {
    return "the kernel's addresses are not known";
  }
  std::string operator()(const core::FifoOpened& /*opened*/) const {
    return "the notify FIFO is active";
  }
  std::string operator()(const core::FifoLost& /*lost*/) const {
    return "the notify FIFO no longer counts";
  }
  std::string operator()(const core::KeepalivedWatched& /*watched*/) const {
    return "keepalived's VRRP process is watched";
  }
  std::string operator()(const core::KeepalivedEnded& /*ended*/) const {
    return "keepalived's VRRP process has ended";
  }
  std::string operator()(const core::PrioritySeen& seen) const {
    return name(seen.instance) + " has priority " + std::to_string(seen.priority) +
           (seen.contested ? " and hears a MASTER of lower priority" : "") + " by fifo";
  }

 private:
  [[nodiscard]] const std::string& name(core::InstanceIndex index) const {
    return topology_.instances.at(index).name;
  }

  const core::Topology& topology_;
};

}  // namespace

std::string describe(const core::Observation& observation, const core::Topology& topology) {
  return std::visit(Describer(topology), observation);
}

std::string describe(const core::InstanceRow& row) {
  return row.configured.name + ": " + std::string(to_string(row.status.state)) + " by " +
         std::string(to_string(row.found.authority)) + " (" +
         std::string(to_string(row.status.cause)) + "), health " +
         std::string(to_string(row.status.health));
}

}  // namespace batch_notifier
