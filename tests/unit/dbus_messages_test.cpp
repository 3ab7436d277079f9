// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "sources/dbus_messages.hpp"

#include <optional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace {

using batch_notifier::core::VrrpState;
using batch_notifier::dbus::MessagePtr;
using batch_notifier::sources::InstanceProperties;
namespace sources = batch_notifier::sources;

constexpr const char* path = "/org/keepalived/Vrrp1/Instance/eth0/51/IPv4";

MessagePtr make_signal(const char* interface, const char* member) {
  return MessagePtr(dbus_message_new_signal(path, interface, member));
}

MessagePtr make_status_change(dbus_uint32_t state) {
  MessagePtr message = make_signal(sources::instance_interface, "VrrpStatusChange");
  dbus_message_append_args(message.get(), DBUS_TYPE_UINT32, &state, DBUS_TYPE_INVALID);
  return message;
}

MessagePtr make_owner_change(const char* sender, const char* name, const char* new_owner) {
  MessagePtr message = make_signal(DBUS_INTERFACE_DBUS, "NameOwnerChanged");
  const char* old_owner = "";
  dbus_message_append_args(message.get(), DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &old_owner,
                           DBUS_TYPE_STRING, &new_owner, DBUS_TYPE_INVALID);
  dbus_message_set_sender(message.get(), sender);
  return message;
}

/// An answer to GetAll, built property by property.
class Answer {
 public:
  Answer() : message_(dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_RETURN)) {
    dbus_message_iter_init_append(message_.get(), &body_);
    dbus_message_iter_open_container(&body_, DBUS_TYPE_ARRAY, "{sv}", &array_);
  }

  Answer& add_name(const char* key, const char* name, bool in_struct) {
    open(key, in_struct ? "(s)" : "s");
    DBusMessageIter fields;
    if (in_struct) {
      dbus_message_iter_open_container(&value_, DBUS_TYPE_STRUCT, nullptr, &fields);
      dbus_message_iter_append_basic(&fields, DBUS_TYPE_STRING, &name);
      dbus_message_iter_close_container(&value_, &fields);
    } else {
      dbus_message_iter_append_basic(&value_, DBUS_TYPE_STRING, &name);
    }
    return close();
  }

  Answer& add_state(dbus_uint32_t number, const char* word) {
    open("State", "(us)");
    DBusMessageIter fields;
    dbus_message_iter_open_container(&value_, DBUS_TYPE_STRUCT, nullptr, &fields);
    dbus_message_iter_append_basic(&fields, DBUS_TYPE_UINT32, &number);
    dbus_message_iter_append_basic(&fields, DBUS_TYPE_STRING, &word);
    dbus_message_iter_close_container(&value_, &fields);
    return close();
  }

  Answer& add_number(const char* key, dbus_uint32_t number) {
    open(key, "u");
    dbus_message_iter_append_basic(&value_, DBUS_TYPE_UINT32, &number);
    return close();
  }

  MessagePtr finish() {
    dbus_message_iter_close_container(&body_, &array_);
    return std::move(message_);
  }

 private:
  void open(const char* key, const char* signature) {
    dbus_message_iter_open_container(&array_, DBUS_TYPE_DICT_ENTRY, nullptr, &entry_);
    dbus_message_iter_append_basic(&entry_, DBUS_TYPE_STRING, &key);
    dbus_message_iter_open_container(&entry_, DBUS_TYPE_VARIANT, signature, &value_);
  }

  Answer& close() {
    dbus_message_iter_close_container(&entry_, &value_);
    dbus_message_iter_close_container(&array_, &entry_);
    return *this;
  }

  MessagePtr message_;
  DBusMessageIter body_{};
  DBusMessageIter array_{};
  DBusMessageIter entry_{};
  DBusMessageIter value_{};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(dbus_messages)

BOOST_AUTO_TEST_CASE(state_numbers) {
  const std::vector<std::pair<dbus_uint32_t, std::optional<VrrpState>>> rows{
      {0, VrrpState::init},       {1, VrrpState::backup}, {2, VrrpState::master},
      {3, VrrpState::fault},      {4, std::nullopt},      {96, std::nullopt},
      {97, VrrpState::deleted},   {98, VrrpState::stop},  {99, std::nullopt},
      {0xffffffff, std::nullopt},
  };
  for (const auto& [number, state] : rows) {
    BOOST_TEST_CONTEXT(number) {
      BOOST_TEST((sources::state_from_number(number) == state));
      BOOST_TEST((sources::parse_status_change(make_status_change(number).get()) == state));
    }
  }
}

BOOST_AUTO_TEST_CASE(status_change_of_another_shape_is_nothing) {
  const MessagePtr empty = make_signal(sources::instance_interface, "VrrpStatusChange");
  BOOST_TEST(!sources::parse_status_change(empty.get()).has_value());

  const MessagePtr text = make_signal(sources::instance_interface, "VrrpStatusChange");
  const char* word = "MASTER";
  dbus_message_append_args(text.get(), DBUS_TYPE_STRING, &word, DBUS_TYPE_INVALID);
  BOOST_TEST(!sources::parse_status_change(text.get()).has_value());

  const MessagePtr signed_number = make_signal(sources::instance_interface, "VrrpStatusChange");
  const dbus_int32_t number = 2;
  dbus_message_append_args(signed_number.get(), DBUS_TYPE_INT32, &number, DBUS_TYPE_INVALID);
  BOOST_TEST(!sources::parse_status_change(signed_number.get()).has_value());

  const MessagePtr too_long = make_status_change(2);
  dbus_message_append_args(too_long.get(), DBUS_TYPE_STRING, &word, DBUS_TYPE_INVALID);
  BOOST_TEST(!sources::parse_status_change(too_long.get()).has_value());
}

BOOST_AUTO_TEST_CASE(only_the_signal_is_a_status_change) {
  BOOST_TEST(sources::is_status_change(make_status_change(1).get()));
  BOOST_TEST(!sources::is_status_change(
      make_signal(sources::instance_interface, "VrrpStatusChanged").get()));
  BOOST_TEST(!sources::is_status_change(
      make_signal("org.keepalived.Vrrp1.Vrrp", "VrrpStatusChange").get()));
  const MessagePtr call(dbus_message_new_method_call(
      "org.example.Name", path, sources::instance_interface, "VrrpStatusChange"));
  BOOST_TEST(!sources::is_status_change(call.get()));
}

BOOST_AUTO_TEST_CASE(an_owner_change_counts_from_the_bus_only) {
  const MessagePtr good = make_owner_change(DBUS_SERVICE_DBUS, "org.keepalived.Vrrp1", ":1.7");
  const auto change = sources::parse_name_owner_changed(good.get());
  BOOST_REQUIRE(change.has_value());
  BOOST_TEST(change->name == "org.keepalived.Vrrp1");
  BOOST_TEST(change->new_owner == ":1.7");

  const MessagePtr forged = make_owner_change(":1.66", "org.keepalived.Vrrp1", ":1.66");
  BOOST_TEST(!sources::parse_name_owner_changed(forged.get()).has_value());

  const MessagePtr short_one = make_signal(DBUS_INTERFACE_DBUS, "NameOwnerChanged");
  dbus_message_set_sender(short_one.get(), DBUS_SERVICE_DBUS);
  BOOST_TEST(!sources::parse_name_owner_changed(short_one.get()).has_value());
}

BOOST_AUTO_TEST_CASE(properties_as_keepalived_answers_them) {
  for (const bool in_struct : {true, false}) {
    const MessagePtr answer = Answer()
                                  .add_name("Name", "VI_1", in_struct)
                                  .add_number("Future", 7)
                                  .add_state(2, "Master")
                                  .finish();
    const std::optional<InstanceProperties> properties = sources::parse_properties(answer.get());
    BOOST_REQUIRE(properties.has_value());
    BOOST_TEST(properties->name.value_or("") == "VI_1");
    BOOST_TEST((properties->state == VrrpState::master));
  }
}

BOOST_AUTO_TEST_CASE(no_properties_are_no_instance) {
  const std::optional<InstanceProperties> properties =
      sources::parse_properties(Answer().finish().get());
  BOOST_REQUIRE(properties.has_value());
  BOOST_TEST(!properties->name.has_value());
  BOOST_TEST(!properties->state.has_value());
}

BOOST_AUTO_TEST_CASE(properties_of_another_shape_are_nothing) {
  const MessagePtr empty(dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_RETURN));
  BOOST_TEST(!sources::parse_properties(empty.get()).has_value());
  BOOST_TEST(!sources::parse_properties(make_status_change(2).get()).has_value());
  BOOST_TEST(!sources::parse_properties(Answer().add_number("State", 2).finish().get()));
  BOOST_TEST(!sources::parse_properties(Answer().add_number("Name", 2).finish().get()));
  BOOST_TEST(!sources::parse_properties(Answer().add_name("State", "MASTER", true).finish().get()));
  BOOST_TEST(!sources::parse_properties(Answer().add_state(5, "Odd").finish().get()));
}

BOOST_AUTO_TEST_CASE(questions_start_no_service) {
  const MessagePtr question = sources::make_read(":1.7", path);
  BOOST_TEST(dbus_message_get_auto_start(question.get()) == FALSE);
  BOOST_TEST(dbus_message_get_destination(question.get()) == std::string(":1.7"));
  BOOST_TEST(dbus_message_get_path(question.get()) == std::string(path));
  BOOST_TEST(batch_notifier::dbus::parse_string(question.get()).value_or("") ==
             sources::instance_interface);
}

BOOST_AUTO_TEST_SUITE_END()
