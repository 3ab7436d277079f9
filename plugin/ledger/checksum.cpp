// SPDX-License-Identifier: MIT
#include "ledger/checksum.hpp"

#include <zlib.h>

namespace batch_notifier::ledger {

std::uint32_t crc32_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace batch_notifier::ledger
