// SPDX-License-Identifier: MIT
#include "core/settings.hpp"

#include <array>
#include <string_view>

namespace batch_notifier::core {

namespace {

constexpr std::array<std::string_view, 7> keywords = {
    "notify_batch", "notify_each", "notify_http", "notify_neutron",
    "append_file",  "state_file",  "metrics_file"};

}  // namespace

std::string_view to_string(NotifierKind kind) {
  return keywords.at(static_cast<std::size_t>(kind));
}

}  // namespace batch_notifier::core
