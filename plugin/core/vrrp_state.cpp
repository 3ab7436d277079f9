// SPDX-License-Identifier: MIT
#include "core/vrrp_state.hpp"

#include <array>

namespace batch_notifier::core {

namespace {

constexpr std::array<std::string_view, vrrp_state_count> words = {
    "INIT", "BACKUP", "MASTER", "FAULT", "STOP", "DELETED", "UNKNOWN"};

}  // namespace

std::string_view to_string(VrrpState state) {
  return words.at(static_cast<std::size_t>(state));
}

std::optional<VrrpState> parse_vrrp_state(std::string_view word) {
  for (std::size_t index = 0; index < words.size(); ++index) {
    if (words.at(index) == word) {
      return static_cast<VrrpState>(index);
    }
  }
  return std::nullopt;
}

}  // namespace batch_notifier::core
