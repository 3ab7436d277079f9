// SPDX-License-Identifier: MIT
/// @file
/// How a ledger file is changed at random. One change in two is made to the bytes as they are. The
/// others are made behind the first line, which is then made to fit, so that the reader gets past
/// its checksum: one in four to the bytes there, the rest to values of the JSON, after which most
/// often what was told is made to agree again with what is.
#pragma once

#include <cstddef>
#include <string>

namespace batch_notifier::fuzz {

/// `text` with a change; the same for the same `seed` and the same calls before. May be longer than
/// `longest`.
std::string changed_ledger(const std::string& text, std::size_t longest, unsigned seed);

}  // namespace batch_notifier::fuzz
