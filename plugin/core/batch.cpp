// SPDX-License-Identifier: MIT
#include "core/batch.hpp"

#include <array>

namespace batch_notifier::core {

std::string_view to_string(Cause cause) {
  static constexpr std::array<std::string_view, 8> words = {
      "signal", "startup", "resync", "lost", "health", "repeat", "shutdown", "contested"};
  return words.at(static_cast<std::size_t>(cause));
}

std::string_view to_string(Health health) {
  static constexpr std::array<std::string_view, 6> words = {
      "ok", "vip_missing", "vip_unexpected", "unknown", "link_down", "stalled"};
  return words.at(static_cast<std::size_t>(health));
}

}  // namespace batch_notifier::core
