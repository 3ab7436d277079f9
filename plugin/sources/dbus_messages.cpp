// SPDX-License-Identifier: MIT
#include "sources/dbus_messages.hpp"

namespace batch_notifier::sources {

using dbus::append_string;
using dbus::checked;
using dbus::is_from_bus;
using dbus::MessagePtr;
using dbus::parse_number;

namespace {

std::string_view take_string(DBusMessageIter& place) {
  const char* text = nullptr;
  dbus_message_iter_get_basic(&place, &text);
  return text;
}

bool holds(DBusMessageIter& place, int type) {
  return dbus_message_iter_get_arg_type(&place) == type;
}

/// `s` or `(s)`.
std::optional<std::string> read_name(DBusMessageIter value) {
  DBusMessageIter text = value;
  if (holds(value, DBUS_TYPE_STRUCT)) {
    dbus_message_iter_recurse(&value, &text);
  }
  if (!holds(text, DBUS_TYPE_STRING)) {
    return std::nullopt;
  }
  return std::string(take_string(text));
}

/// `(us)`; the number counts; the text is not used.
std::optional<core::VrrpState> read_state(DBusMessageIter value) {
  if (!holds(value, DBUS_TYPE_STRUCT)) {
    return std::nullopt;
  }
  DBusMessageIter field;
  dbus_message_iter_recurse(&value, &field);
  if (!holds(field, DBUS_TYPE_UINT32)) {
    return std::nullopt;
  }
  dbus_uint32_t number = 0;
  dbus_message_iter_get_basic(&field, &number);
  return state_from_number(number);
}

}  // namespace

std::optional<core::VrrpState> state_from_number(std::uint32_t number) {
  switch (number) {
    case 0:
      return core::VrrpState::init;
    case 1:
      return core::VrrpState::backup;
    case 2:
      return core::VrrpState::master;
    case 3:
      return core::VrrpState::fault;
    case 97:
      return core::VrrpState::deleted;
    case 98:
      return core::VrrpState::stop;
    default:
      return std::nullopt;
  }
}

bool is_status_change(DBusMessage* message) {
  return dbus_message_is_signal(message, instance_interface, "VrrpStatusChange") != 0;
}

std::optional<core::VrrpState> parse_status_change(DBusMessage* message) {
  const std::optional<std::uint32_t> number = parse_number(message);
  return number ? state_from_number(*number) : std::nullopt;
}

std::optional<NameOwnerChange> parse_name_owner_changed(DBusMessage* message) {
  const char* name = nullptr;
  const char* old_owner = nullptr;
  const char* new_owner = nullptr;
  if (dbus_message_is_signal(message, DBUS_INTERFACE_DBUS, "NameOwnerChanged") == 0 ||
      !is_from_bus(message) || dbus_message_has_signature(message, "sss") == 0 ||
      dbus_message_get_args(message, nullptr, DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &old_owner,
                            DBUS_TYPE_STRING, &new_owner, DBUS_TYPE_INVALID) == 0) {
    return std::nullopt;
  }
  return NameOwnerChange{name, new_owner};
}

std::optional<InstanceProperties> parse_properties(DBusMessage* message) {
  DBusMessageIter body;
  if (dbus_message_has_signature(message, "a{sv}") == 0 ||
      dbus_message_iter_init(message, &body) == 0) {
    return std::nullopt;
  }
  InstanceProperties properties;
  DBusMessageIter entry;
  for (dbus_message_iter_recurse(&body, &entry); holds(entry, DBUS_TYPE_DICT_ENTRY);
       dbus_message_iter_next(&entry)) {
    DBusMessageIter key;
    dbus_message_iter_recurse(&entry, &key);
    const std::string_view name = take_string(key);
    dbus_message_iter_next(&key);
    DBusMessageIter value;
    dbus_message_iter_recurse(&key, &value);
    if (name == "Name") {
      properties.name = read_name(value);
      if (!properties.name) {
        return std::nullopt;
      }
    } else if (name == "State") {
      properties.state = read_state(value);
      if (!properties.state) {
        return std::nullopt;
      }
    }
  }
  return properties;
}

MessagePtr make_read(const std::string& owner, const std::string& path) {
  MessagePtr call = checked(dbus_message_new_method_call(owner.c_str(), path.c_str(),
                                                         DBUS_INTERFACE_PROPERTIES, "GetAll"));
  append_string(*call, instance_interface);
  dbus_message_set_auto_start(call.get(), FALSE);
  return call;
}

}  // namespace batch_notifier::sources
