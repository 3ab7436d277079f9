// SPDX-License-Identifier: MIT
/// @file
/// The checksum under every file of the state directory. A worker acts on what an earlier worker
/// wrote; without a checksum one flipped bit of memory or disk would be delivered as a change of
/// state. CRC-32 finds every single flipped bit and every burst of up to 32 bits. It is no defence
/// against a forger: the directory's permissions are.
#pragma once

#include <cstdint>
#include <string_view>

namespace batch_notifier::ledger {

/// CRC-32 of `bytes`, as zlib and gzip compute it.
std::uint32_t crc32_of(std::string_view bytes);

}  // namespace batch_notifier::ledger
