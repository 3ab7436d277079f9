// SPDX-License-Identifier: MIT
#include "tests/support/bus_peer.hpp"

#include <stdexcept>
#include <utility>

#include "sources/dbus_messages.hpp"

namespace batch_notifier::tests {

namespace {

void append_property(DBusMessageIter& array, const char* key, const char* signature,
                     const std::uint32_t* number, const char* text) {
  DBusMessageIter entry;
  DBusMessageIter value;
  DBusMessageIter fields;
  dbus_message_iter_open_container(&array, DBUS_TYPE_DICT_ENTRY, nullptr, &entry);
  dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &key);
  dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, signature, &value);
  dbus_message_iter_open_container(&value, DBUS_TYPE_STRUCT, nullptr, &fields);
  if (number != nullptr) {
    dbus_message_iter_append_basic(&fields, DBUS_TYPE_UINT32, number);
  }
  dbus_message_iter_append_basic(&fields, DBUS_TYPE_STRING, &text);
  dbus_message_iter_close_container(&value, &fields);
  dbus_message_iter_close_container(&entry, &value);
  dbus_message_iter_close_container(&array, &entry);
}

}  // namespace

BusPeer::BusPeer(const std::string& address)
    : connection_(dbus_connection_open_private(address.c_str(), nullptr)) {
  if (connection_ == nullptr || dbus_bus_register(connection_, nullptr) == 0) {
    throw std::runtime_error("cannot connect to " + address);
  }
  dbus_connection_set_exit_on_disconnect(connection_, FALSE);
  dbus_connection_add_filter(connection_, keep_call, this, nullptr);
}

BusPeer::~BusPeer() {
  dbus_connection_close(connection_);
  dbus_connection_unref(connection_);
}

std::string BusPeer::unique_name() const {
  return dbus_bus_get_unique_name(connection_);
}

void BusPeer::own(const std::string& name) {
  const unsigned int flags = DBUS_NAME_FLAG_ALLOW_REPLACEMENT | DBUS_NAME_FLAG_REPLACE_EXISTING;
  if (dbus_bus_request_name(connection_, name.c_str(), flags, nullptr) !=
      DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER) {
    throw std::runtime_error("cannot own " + name);
  }
}

void BusPeer::release(const std::string& name) {
  dbus_bus_release_name(connection_, name.c_str(), nullptr);
}

void BusPeer::emit_state(const std::string& path, std::uint32_t state,
                         const std::string& destination) {
  dbus::MessagePtr signal(
      dbus_message_new_signal(path.c_str(), sources::instance_interface, "VrrpStatusChange"));
  dbus_message_append_args(signal.get(), DBUS_TYPE_UINT32, &state, DBUS_TYPE_INVALID);
  if (!destination.empty()) {
    dbus_message_set_destination(signal.get(), destination.c_str());
  }
  send(std::move(signal));
}

void BusPeer::emit_malformed(const std::string& path) {
  dbus::MessagePtr signal(
      dbus_message_new_signal(path.c_str(), sources::instance_interface, "VrrpStatusChange"));
  const char* text = "MASTER";
  dbus_message_append_args(signal.get(), DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID);
  send(std::move(signal));
}

void BusPeer::send(dbus::MessagePtr message) {
  dbus_connection_send(connection_, message.get(), nullptr);
}

void BusPeer::pump() {
  dbus_connection_read_write(connection_, 0);
  while (dbus_connection_dispatch(connection_) == DBUS_DISPATCH_DATA_REMAINS) {
  }
}

void BusPeer::answer(const std::string& name, std::uint32_t state) {
  const dbus::MessagePtr call = take_call();
  dbus::MessagePtr reply(dbus_message_new_method_return(call.get()));
  DBusMessageIter body;
  DBusMessageIter array;
  dbus_message_iter_init_append(reply.get(), &body);
  dbus_message_iter_open_container(&body, DBUS_TYPE_ARRAY, "{sv}", &array);
  append_property(array, "Name", "(s)", nullptr, name.c_str());
  append_property(array, "State", "(us)", &state, "word");
  dbus_message_iter_close_container(&body, &array);
  send(std::move(reply));
}

void BusPeer::answer_empty() {
  const dbus::MessagePtr call = take_call();
  dbus::MessagePtr reply(dbus_message_new_method_return(call.get()));
  DBusMessageIter body;
  DBusMessageIter array;
  dbus_message_iter_init_append(reply.get(), &body);
  dbus_message_iter_open_container(&body, DBUS_TYPE_ARRAY, "{sv}", &array);
  dbus_message_iter_close_container(&body, &array);
  send(std::move(reply));
}

void BusPeer::refuse(const char* error) {
  const dbus::MessagePtr call = take_call();
  send(dbus::MessagePtr(dbus_message_new_error(call.get(), error, "for the test")));
}

DBusHandlerResult BusPeer::keep_call(DBusConnection* /*connection*/, DBusMessage* message,
                                     void* self) {
  if (dbus_message_get_type(message) != DBUS_MESSAGE_TYPE_METHOD_CALL) {
    return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
  }
  auto& me = *static_cast<BusPeer*>(self);
  me.calls.emplace_back(dbus_message_ref(message));
  me.last_call.reset(dbus_message_ref(message));
  ++me.calls_seen;
  return DBUS_HANDLER_RESULT_HANDLED;
}

dbus::MessagePtr BusPeer::take_call() {
  if (calls.empty()) {
    throw std::logic_error("there is no call to answer");
  }
  dbus::MessagePtr call = std::move(calls.front());
  calls.pop_front();
  return call;
}

}  // namespace batch_notifier::tests
