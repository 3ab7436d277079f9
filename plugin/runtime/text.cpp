// SPDX-License-Identifier: MIT
#include "runtime/text.hpp"

#include <cstdint>
#include <system_error>

namespace batch_notifier::runtime {

std::string errno_text(int error) {
  return std::generic_category().message(error);
}

std::string seconds_text(core::Duration duration) {
  const std::int64_t milliseconds = (duration.count() + 500) / 1000;
  std::string text = std::to_string(milliseconds / 1000);
  if (const std::int64_t rest = milliseconds % 1000; rest != 0) {
    std::string digits = std::to_string(1000 + rest).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text + " s";
}

std::string count_text(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string location_prefix(const core::SourceLocation& location) {
  return location.file + ":" + std::to_string(location.line) + ": ";
}

}  // namespace batch_notifier::runtime
