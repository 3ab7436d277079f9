// SPDX-License-Identifier: MIT
/// @file
/// What the engine keeps of one keepalived besides the rows of its instances.
#pragma once

#include <string>

#include "core/judge.hpp"

namespace batch_notifier::core {

/// One keepalived, with the judge of its sources.
struct Keepalived {
  std::string name;              ///< Empty for the one that started the plugin, else a path.
  Judge judge;                   ///< What its sources report.
  bool addresses_known = false;  ///< Whether the kernel's addresses have been read.
};

}  // namespace batch_notifier::core
