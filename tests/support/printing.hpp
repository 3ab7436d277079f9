// SPDX-License-Identifier: MIT
/// @file
/// The core's enumerations as Boost.Test prints them: a failed comparison shows both values.
#pragma once

#include <ostream>

#include "core/batch.hpp"
#include "core/event.hpp"
#include "core/observation.hpp"
#include "core/vrrp_state.hpp"

namespace batch_notifier::core {

inline std::ostream& operator<<(std::ostream& stream, VrrpState state) {
  return stream << to_string(state);
}

inline std::ostream& operator<<(std::ostream& stream, Cause cause) {
  return stream << to_string(cause);
}

inline std::ostream& operator<<(std::ostream& stream, Health health) {
  return stream << to_string(health);
}

inline std::ostream& operator<<(std::ostream& stream, Witness witness) {
  return stream << to_string(witness);
}

inline std::ostream& operator<<(std::ostream& stream, StopCompleted::Reason reason) {
  switch (reason) {
    case StopCompleted::Reason::delivered:
      return stream << "delivered";
    case StopCompleted::Reason::handed_over:
      return stream << "handed over";
    case StopCompleted::Reason::timed_out:
      break;
  }
  return stream << "timed out";
}

}  // namespace batch_notifier::core
