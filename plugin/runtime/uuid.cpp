// SPDX-License-Identifier: MIT
#include "runtime/uuid.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>

#include <sys/random.h>

namespace batch_notifier::runtime {

namespace {

using Bytes = std::array<std::uint8_t, 16>;

Bytes random_bytes() {
  Bytes bytes{};
  if (getrandom(bytes.data(), bytes.size(), GRND_NONBLOCK) != static_cast<ssize_t>(bytes.size())) {
    const std::int64_t utc = std::chrono::system_clock::now().time_since_epoch().count();
    const std::int64_t uptime = std::chrono::steady_clock::now().time_since_epoch().count() ^
                                (std::int64_t{getpid()} << 40);
    std::memcpy(bytes.data(), &utc, sizeof(utc));
    std::memcpy(bytes.data() + sizeof(utc), &uptime, sizeof(uptime));
  }
  return bytes;
}

}  // namespace

std::string new_uuid() {
  Bytes bytes = random_bytes();
  // Version and variant.
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0fU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3fU) | 0x80U);
  std::string text;
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    if (index == 4 || index == 6 || index == 8 || index == 10) {
      text += '-';
    }
    text += "0123456789abcdef"[bytes[index] >> 4U];
    text += "0123456789abcdef"[bytes[index] & 0x0fU];
  }
  return text;
}

}  // namespace batch_notifier::runtime
