// SPDX-License-Identifier: MIT
/// @file
/// D-Bus messages to values and back. Anybody on the bus can send us anything, so a message is
/// believed to be of a shape only after its signature has been looked at; what has another shape is
/// nothing, and the caller counts it. No connection is needed here.
///
/// libdbus ends the process when it is handed a name or path that D-Bus does not allow: the
/// functions that make messages take only what has been checked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <dbus/dbus.h>

#include "core/vrrp_state.hpp"

namespace batch_notifier::sources {

/// Interface of keepalived's instances.
inline constexpr const char* instance_interface = "org.keepalived.Vrrp1.Instance";

/// Drops the reference that a MessagePtr holds.
struct MessageUnref {
  /// Called by the pointer.
  void operator()(DBusMessage* message) const { dbus_message_unref(message); }
};

/// Holds one reference to a message.
using MessagePtr = std::unique_ptr<DBusMessage, MessageUnref>;

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

/// Whether this answers a call: a return or an error.
bool is_answer(DBusMessage* message);

/// Whether this is an error.
bool is_error(DBusMessage* message);

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

/// The one string of a message, as Hello and GetNameOwner answer it. Nothing if the signature is
/// not "s". Points into the message.
std::optional<std::string_view> parse_string(DBusMessage* message);

/// The one number of a message, as GetConnectionUnixProcessID answers it. Nothing if the signature
/// is not "u".
std::optional<std::uint32_t> parse_number(DBusMessage* message);

/// Whether a message comes from the bus itself. The bus sets the sender, so it cannot be forged.
bool is_from_bus(DBusMessage* message);

/// A call of one of the bus's own methods, with one string if `argument` is not null. Throws
/// std::bad_alloc.
MessagePtr make_bus_call(const char* method, const char* argument);

/// A question for all properties of an instance. `owner` is a valid bus name, `path` a valid object
/// path. Never starts a service. Throws std::bad_alloc.
MessagePtr make_read(const std::string& owner, const std::string& path);

}  // namespace batch_notifier::sources
