// SPDX-License-Identifier: MIT
/// @file
/// keepalived's D-Bus messages to values and back. Any client can send anything, so a message
/// counts as being of a shape only after its signature was looked at; one of another shape gives
/// nothing, and the caller counts it. No connection is needed here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <dbus/dbus.h>

#include "core/vrrp_state.hpp"
#include "dbus/messages.hpp"

namespace batch_notifier::sources {

/// Interface of keepalived's instances.
inline constexpr const char* instance_interface = "org.keepalived.Vrrp1.Instance";

/// What the bus says when a name changes hands. Points into the message.
struct NameOwnerChange {
  std::string_view name;       ///< The well-known name.
  std::string_view new_owner;  ///< Unique name of the connection that has it now; empty for none.
};

/// What keepalived says of one instance when it is asked for all its properties.
struct InstanceProperties {
  /// Name in the configuration that keepalived runs. Nothing where keepalived has no such instance:
  /// then GLib answers without an error, but with no properties.
  std::optional<std::string> name;
  std::optional<core::VrrpState> state;  ///< The present state; nothing as above.
};

/// The state that a number of keepalived's stands for; nothing for any other number.
std::optional<core::VrrpState> state_from_number(std::uint32_t number);

/// Whether this is keepalived's signal VrrpStatusChange, or claims to be; says nothing of sender
/// and signature.
bool is_status_change(DBusMessage* message);

/// The state in a VrrpStatusChange. Nothing if the signature is not "u" or the state is unknown.
std::optional<core::VrrpState> parse_status_change(DBusMessage* message);

/// A NameOwnerChanged that the bus itself sent. Nothing for any other message.
std::optional<NameOwnerChange> parse_name_owner_changed(DBusMessage* message);

/// The answer to GetAll. State is `(us)`; Name is `(s)`, though keepalived announces `s`, which is
/// understood too. Properties of other names are skipped. Nothing if anything has another shape.
std::optional<InstanceProperties> parse_properties(DBusMessage* message);

/// A question for all properties of an instance. `owner` is a valid bus name, `path` a valid object
/// path. Never starts a service. Throws std::bad_alloc.
dbus::MessagePtr make_read(const std::string& owner, const std::string& path);

}  // namespace batch_notifier::sources
