// SPDX-License-Identifier: MIT
/// @file
/// Whatever the bus lets through, to everything that reads messages. An input is one message as it
/// stands on the wire; what libdbus itself refuses never reaches the plugin.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <dbus/dbus.h>

#include "core/vrrp_state.hpp"
#include "sources/dbus_messages.hpp"
#include "tests/fuzz/finding.hpp"

namespace batch_notifier::fuzz {

namespace {

using dbus::MessagePtr;

/// Reads every byte, so that AddressSanitizer sees what a view points to.
void require_readable(std::optional<std::string_view> text) {
  require(!text || std::string(*text).size() == text->size(), "a view can be read");
}

void read_as_everything(DBusMessage* message) {
  const auto state = sources::parse_status_change(message);
  const auto text = dbus::parse_string(message);
  const auto change = sources::parse_name_owner_changed(message);
  const auto properties = sources::parse_properties(message);
  require_readable(text);
  if (change) {
    require(dbus::is_from_bus(message), "only the bus says who owns a name");
    require_readable(change->name);
    require_readable(change->new_owner);
  }
  const int shapes = (state ? 1 : 0) + (text ? 1 : 0) + (change ? 1 : 0) + (properties ? 1 : 0);
  require(shapes <= 1, "a message has one shape");
  require(!state || *state != core::VrrpState::unknown, "UNKNOWN is never told by keepalived");
  sources::is_status_change(message);
}

}  // namespace

}  // namespace batch_notifier::fuzz

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace batch_notifier;
  const std::string input(data, data + size);
  const dbus::MessagePtr message(
      dbus_message_demarshal(input.data(), static_cast<int>(input.size()), nullptr));
  if (message) {
    fuzz::read_as_everything(message.get());
  }
  return 0;
}
