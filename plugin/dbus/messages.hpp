// SPDX-License-Identifier: MIT
/// @file
/// What every user of a bus needs of messages. Any client can send anything, so a message counts as
/// being of a shape only after its signature was looked at; one of another shape gives nothing, and
/// the caller counts it. No connection is needed here.
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

namespace batch_notifier::dbus {

/// Drops the reference that a MessagePtr holds.
struct MessageUnref {
  /// Called by the pointer.
  void operator()(DBusMessage* message) const { dbus_message_unref(message); }
};

/// Holds one reference to a message.
using MessagePtr = std::unique_ptr<DBusMessage, MessageUnref>;

/// Takes over a message that libdbus has made. Throws std::bad_alloc if it is null.
MessagePtr checked(DBusMessage* message);

/// Adds a string to a message. Throws std::bad_alloc.
void append_string(DBusMessage& message, const char* text);

/// Whether this is an error.
bool is_error(DBusMessage* message);

/// The name of the error; "malformed answer" for any other message.
std::string error_name(DBusMessage* answer);

/// Whether a message comes from the bus itself. The bus sets the sender, so it cannot be forged.
bool is_from_bus(DBusMessage* message);

/// The one string of a message, as Hello and GetNameOwner answer it. Nothing if the signature is
/// not "s". Points into the message.
std::optional<std::string_view> parse_string(DBusMessage* message);

/// The one number of a message, as GetConnectionUnixProcessID answers it. Nothing if the signature
/// is not "u".
std::optional<std::uint32_t> parse_number(DBusMessage* message);

/// A call of one of the bus's own methods, with one string if `argument` is not null. Throws
/// std::bad_alloc.
MessagePtr make_bus_call(const char* method, const char* argument);

}  // namespace batch_notifier::dbus
