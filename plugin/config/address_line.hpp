// SPDX-License-Identifier: MIT
/// @file
/// One line of `virtual_ipaddress` or `virtual_ipaddress_excluded`.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "config/instance_block.hpp"

namespace batch_notifier::config {

/// An address, and what keepalived changes about it if anything.
struct AddressLine {
  AddressDraft draft;   ///< The address.
  std::string warning;  ///< Empty, or a part that keepalived replaces by a default.
};

/// Reads one line: `ADDR[/len] [dev IF] [brd …] …`, with keepalived's defaults. Gives what is wrong
/// instead where keepalived, too, leaves the address out. Unknown options are passed over.
std::variant<AddressLine, std::string> parse_address_line(const std::vector<std::string>& words);

}  // namespace batch_notifier::config
