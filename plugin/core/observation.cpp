// SPDX-License-Identifier: MIT
#include "core/observation.hpp"

namespace batch_notifier::core {

std::string_view to_string(Witness witness) {
  switch (witness) {
    case Witness::dbus:
      return "dbus";
    case Witness::fifo:
      return "fifo";
    case Witness::netlink:
      break;
  }
  return "netlink";
}

}  // namespace batch_notifier::core
