// SPDX-License-Identifier: MIT
/// @file
/// Foreign text in our log. A name or a line of output may hold terminal controls, or bytes for
/// which journald would hide the whole message.
#pragma once

#include <string>
#include <string_view>

namespace batch_notifier::runtime {

/// The text with "?" for each control character (C0, DEL, C1) and each byte that is not UTF-8, and
/// a blank for each tab.
std::string printable(std::string_view text);

}  // namespace batch_notifier::runtime
