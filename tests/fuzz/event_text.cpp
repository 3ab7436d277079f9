// SPDX-License-Identifier: MIT
#include "tests/fuzz/event_text.hpp"

#include <array>
#include <cstdlib>
#include <iostream>
#include <variant>

#include "core/batch.hpp"
#include "core/observation.hpp"
#include "core/vrrp_state.hpp"

namespace batch_notifier::fuzz {

namespace {

bool tracing() {
  static const bool wanted = std::getenv("BATCHER_TRACE") != nullptr;
  return wanted;
}

struct Printer {
  std::ostream& out;

  void operator()(const core::StateSeen& seen) const {
    out << "StateSeen " << to_string(seen.witness) << " VI_" << seen.instance << " "
        << to_string(seen.state) << (seen.answered ? " answered" : "");
  }
  void operator()(const core::DbusOwnerFound&) const { out << "DbusOwnerFound"; }
  void operator()(const core::DbusReadComplete&) const { out << "DbusReadComplete"; }
  void operator()(const core::DbusInstanceAbsent& absent) const {
    out << "DbusInstanceAbsent VI_" << absent.instance;
  }
  void operator()(const core::DbusOwnerLost&) const { out << "DbusOwnerLost"; }
  void operator()(const core::DbusBusLost&) const { out << "DbusBusLost"; }
  void operator()(const core::DbusSilent&) const { out << "DbusSilent"; }
  void operator()(const core::VipsSeen& seen) const {
    out << "VipsSeen VI_" << seen.instance << " " << seen.present
        << (seen.first_present ? " first" : "");
  }
  void operator()(const core::KernelReadComplete&) const { out << "KernelReadComplete"; }
  void operator()(const core::KernelLost&) const { out << "KernelLost"; }
  void operator()(const core::KeepalivedWatched&) const { out << "KeepalivedWatched"; }
  void operator()(const core::KeepalivedEnded&) const { out << "KeepalivedEnded"; }

  void operator()(const core::FifoOpened&) const { out << "FifoOpened"; }
  void operator()(const core::FifoLost&) const { out << "FifoLost"; }
  void operator()(const core::PrioritySeen& seen) const {
    out << "PrioritySeen VI_" << seen.instance << " " << int{seen.priority};
  }

  void operator()(const core::Observed& observed) const { std::visit(*this, observed.observation); }
  void operator()(const core::ConfigurationChanged& changed) const {
    out << "ConfigurationChanged";
    for (const core::Instance& instance : changed.topology.instances) {
      out << " " << instance.name;
    }
  }
  void operator()(const core::DeliveryFinished& finished) const {
    constexpr std::array words{"delivered", "failed", "unseen", "refused", "off"};
    out << "DeliveryFinished " << finished.notifier << " "
        << words.at(static_cast<std::size_t>(finished.result.status));
  }
  void operator()(const core::StopRequested& request) const {
    out << "StopRequested " << request.within.count() << " us";
  }
  void operator()(const core::HandoverRequested&) const { out << "HandoverRequested"; }
  void operator()(const core::FifoHandedOver&) const { out << "FifoHandedOver"; }
  void operator()(const core::SaveRequested&) const { out << "SaveRequested"; }
  void operator()(const core::FlushRequested&) const { out << "FlushRequested"; }
  void operator()(const core::TimeReached&) const { out << "TimeReached"; }

  void operator()(const core::Deliver& delivery) const {
    out << "Deliver " << delivery.notifier << " " << delivery.batch.id << " attempt "
        << delivery.batch.attempt << (delivery.batch.snapshot ? " snapshot" : "");
    for (const core::Change& change : delivery.batch.changes) {
      out << ", " << change.instance << " " << to_string(change.health);
      for (const core::VrrpState state : change.path) {
        out << (state == change.path.front() ? " " : ">") << to_string(state);
      }
    }
  }
  void operator()(const core::RetryScheduled& retry) const {
    out << "RetryScheduled " << retry.notifier << " in " << retry.wait.count() << " us";
  }
  void operator()(const core::StatusChanged& changed) const {
    out << "StatusChanged row " << core::position_of(changed.instance);
  }
  void operator()(const core::SaveLedger&) const { out << "SaveLedger"; }
  void operator()(const core::ReadAddresses&) const { out << "ReadAddresses"; }
  void operator()(const core::AskDbus& ask) const { out << "AskDbus " << ask.instances.size(); }
  void operator()(const core::PinFifo&) const { out << "PinFifo"; }
  void operator()(const core::HandOverFifo&) const { out << "HandOverFifo"; }
  void operator()(const core::AskForTime&) const { out << "AskForTime"; }
  void operator()(const core::StopCompleted& completed) const {
    out << "StopCompleted " << static_cast<int>(completed.reason);
  }
};

}  // namespace

void trace_restart(core::Duration elapsed) {
  if (tracing()) {
    std::cerr << elapsed.count() << " us: crash and restart\n";
  }
}

void trace(const core::Event& event, core::Duration elapsed) {
  if (tracing()) {
    std::cerr << elapsed.count() << " us: ";
    std::visit(Printer{std::cerr}, event);
    std::cerr << '\n';
  }
}

void trace(const core::Action& action) {
  if (tracing()) {
    std::cerr << "    ";
    std::visit(Printer{std::cerr}, action);
    std::cerr << '\n';
  }
}

}  // namespace batch_notifier::fuzz
