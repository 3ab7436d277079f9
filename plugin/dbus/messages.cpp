// SPDX-License-Identifier: MIT
#include "dbus/messages.hpp"

#include <new>

namespace batch_notifier::dbus {

MessagePtr checked(DBusMessage* message) {
  if (message == nullptr) {
    throw std::bad_alloc();
  }
  return MessagePtr(message);
}

void append_string(DBusMessage& message, const char* text) {
  if (dbus_message_append_args(&message, DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID) == 0) {
    throw std::bad_alloc();
  }
}

bool is_error(DBusMessage* message) {
  return dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_ERROR;
}

std::string error_name(DBusMessage* answer) {
  const char* name = dbus_message_get_error_name(answer);
  return name != nullptr ? name : "malformed answer";
}

bool is_from_bus(DBusMessage* message) {
  return dbus_message_has_sender(message, DBUS_SERVICE_DBUS) != 0;
}

std::optional<std::string_view> parse_string(DBusMessage* message) {
  const char* text = nullptr;
  if (dbus_message_has_signature(message, DBUS_TYPE_STRING_AS_STRING) == 0 ||
      dbus_message_get_args(message, nullptr, DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID) == 0) {
    return std::nullopt;
  }
  return text;
}

std::optional<std::uint32_t> parse_number(DBusMessage* message) {
  dbus_uint32_t number = 0;
  if (dbus_message_has_signature(message, DBUS_TYPE_UINT32_AS_STRING) == 0 ||
      dbus_message_get_args(message, nullptr, DBUS_TYPE_UINT32, &number, DBUS_TYPE_INVALID) == 0) {
    return std::nullopt;
  }
  return number;
}

MessagePtr make_bus_call(const char* method, const char* argument) {
  MessagePtr call = checked(
      dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, method));
  if (argument != nullptr) {
    append_string(*call, argument);
  }
  return call;
}

}  // namespace batch_notifier::dbus
