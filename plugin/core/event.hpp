// SPDX-License-Identifier: MIT
/// @file
/// Events that the engine takes and actions that it returns: its whole interface. Both are values,
/// so a test writes events down and compares actions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "core/batch.hpp"
#include "core/observation.hpp"
#include "core/registry.hpp"
#include "core/time.hpp"
#include "core/topology.hpp"

namespace batch_notifier::core {

/// A source of one keepalived has observed something.
struct Observed {
  KeepalivedId keepalived{};  ///< Whose source.
  Observation observation;    ///< What. Its InstanceIndex is a position in the last configuration.
};

/// The configuration of one keepalived was read: at the start, or anew. Instances that it does not
/// have any more are DELETED, and all of them are with an empty topology.
struct ConfigurationChanged {
  KeepalivedId keepalived{};  ///< Whose configuration.
  Topology topology;          ///< The whole of it.
};

/// A notifier has finished the batch that it was given.
struct DeliveryFinished {
  std::size_t notifier = 0;  ///< Position in Settings::notifiers.
  DeliveryResult result;     ///< How it went.
};

/// Stop, once the last states were seen and delivered, or when the time is up.
struct StopRequested {
  Duration within{0};  ///< How long that may take.
};

/// Another worker takes over: read the FIFO to its end, send nothing more, and stop once nothing is
/// in flight. HandOverFifo follows, and FifoHandedOver after that.
struct HandoverRequested {};

/// The FIFO has been read to its end for the worker that takes over.
struct FifoHandedOver {};

/// Every consumer gets what there is, now.
struct FlushRequested {};

/// The ledger is to be written soon, for a reason that the engine does not know.
struct SaveRequested {};

/// A deadline has come.
struct TimeReached {};

/// Anything that can happen to the engine.
using Event =
    std::variant<Observed, ConfigurationChanged, DeliveryFinished, StopRequested, HandoverRequested,
                 FifoHandedOver, FlushRequested, SaveRequested, TimeReached>;

/// Hand this batch to this notifier.
struct Deliver {
  std::size_t notifier = 0;  ///< Position in Settings::notifiers.
  Batch batch;               ///< What to deliver.
};

/// A notifier failed and will be tried again. For the log.
struct RetryScheduled {
  std::size_t notifier = 0;  ///< Position in Settings::notifiers.
  Duration wait{0};          ///< After how long.
};

/// An instance has changed state, or its health has. For the log and the views; consumers get a
/// batch.
struct StatusChanged {
  InstanceId instance{};  ///< Which instance.
};

/// Write Engine::ledger() now. Comes before a Deliver of the same step, so that the ledger shows
/// that a consumer may have seen a batch before it can have.
struct SaveLedger {};

/// Read the addresses of this keepalived's network namespace again.
struct ReadAddresses {
  KeepalivedId keepalived{};  ///< Whose.
};

/// Ask keepalived for the state of these instances over D-Bus, because another witness contradicts
/// it. StateSeen follows for each that it answers for, or DbusSilent.
struct AskDbus {
  KeepalivedId keepalived{};             ///< Whose.
  std::vector<InstanceIndex> instances;  ///< Which, by their place in the last configuration.
};

/// Stay with the FIFO that is open and open no other: the next one has a reader of its own.
struct PinFifo {
  KeepalivedId keepalived{};  ///< Whose.
};

/// Read the FIFO to its end if no other process can open it any more, and leave it to the worker
/// that takes over; FifoHandedOver follows.
struct HandOverFifo {};

/// Ask the worker that takes over to wait at most this long.
struct AskForTime {
  Duration within{0};  ///< How long from now.
};

/// The engine has stopped.
struct StopCompleted {
  /// Why it stopped.
  enum class Reason : std::uint8_t {
    delivered,    ///< keepalived has stopped and everything was delivered.
    handed_over,  ///< Another worker has everything that was not delivered.
    timed_out,    ///< The time was up with something left.
  };
  Reason reason = Reason::delivered;  ///< Why.
};

/// Any action of the engine. To be done in order.
using Action = std::variant<Deliver, RetryScheduled, StatusChanged, SaveLedger, ReadAddresses,
                            AskDbus, PinFifo, HandOverFifo, AskForTime, StopCompleted>;

}  // namespace batch_notifier::core
