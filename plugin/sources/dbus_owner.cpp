// SPDX-License-Identifier: MIT
#include "sources/dbus_owner.hpp"

#include <unistd.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "sources/dbus_messages.hpp"

namespace batch_notifier::sources {

DbusOwner::DbusOwner(const DbusContext& context, dbus::Bus& bus, const Ancestors& ancestors,
                     core::Duration limit, Handlers handlers)
    : context_(context),
      bus_(bus),
      ancestors_(ancestors),
      limit_(limit),
      handlers_(std::move(handlers)) {
  const std::string rule = "type='signal',sender='" DBUS_SERVICE_DBUS
                           "',interface='" DBUS_INTERFACE_DBUS
                           "',member='NameOwnerChanged',arg0='" +
                           context_.topology.dbus_service_name + "'";
  match_ = bus_.match(rule, [this](DBusMessage* signal) { return take_change(signal); });
  const dbus::MessagePtr question =
      dbus::make_bus_call("GetConnectionUnixProcessID", bus_.unique_name());
  own_process_call_ = bus_.call(*question, std::nullopt, [this](DBusMessage* answer) {
    same_process_ids_ = dbus::parse_number(answer) == static_cast<std::uint32_t>(getpid());
  });
  ask();
}

void DbusOwner::ask() {
  if (owner_call_.waits()) {
    return;
  }
  const dbus::MessagePtr question =
      dbus::make_bus_call("GetNameOwner", context_.topology.dbus_service_name.c_str());
  owner_call_ = bus_.call(*question, limit_, [this](DBusMessage* answer) { take_answer(answer); });
}

void DbusOwner::take_answer(DBusMessage* answer) {
  const std::string& service = context_.topology.dbus_service_name;
  if (answer == nullptr) {
    bus_.abandon("the bus does not answer");
    return;
  }
  const std::optional<std::string_view> owner =
      dbus::is_error(answer) ? std::nullopt : dbus::parse_string(answer);
  if (!owner && dbus_message_is_error(answer, DBUS_ERROR_NAME_HAS_NO_OWNER) == 0) {
    bus_.abandon("the bus does not tell who owns " + service + ": " + dbus::error_name(answer));
    return;
  }
  handlers_.answered();
  if (!owner) {
    context_.log.write(runtime::Severity::notice, "D-Bus: connected, and " + service +
                                                      " has no owner yet: the FIFO or the kernel "
                                                      "decides until keepalived owns it");
  }
  set(owner.value_or(std::string_view()));
}

bool DbusOwner::take_change(DBusMessage* signal) {
  const std::optional<NameOwnerChange> change = parse_name_owner_changed(signal);
  if (!change || change->name != context_.topology.dbus_service_name) {
    return false;
  }
  // A change that comes before the answer is older than the answer.
  if (!owner_call_.waits()) {
    set(change->new_owner);
  }
  return true;
}

void DbusOwner::set(std::string_view owner) {
  const std::string name(owner);
  if (!name.empty() && dbus_validate_bus_name(name.c_str(), nullptr) == 0) {
    context_.statistics.add(core::Counter::dbus_malformed);
    return;
  }
  if (name == owner_) {
    return;
  }
  const std::string former = std::exchange(owner_, name);
  owners_process_call_.drop();
  if (std::exchange(found_, false)) {
    context_.log.write(runtime::Severity::notice, "D-Bus: " + former + " no longer owns " +
                                                      context_.topology.dbus_service_name +
                                                      ": the FIFO or the kernel decides");
    handlers_.lost(former);
  }
  if (owner_.empty()) {
    return;
  }
  const dbus::MessagePtr question =
      dbus::make_bus_call("GetConnectionUnixProcessID", owner_.c_str());
  owners_process_call_ =
      bus_.call(*question, limit_, [this](DBusMessage* answer) { take_process(answer); });
}

void DbusOwner::take_process(DBusMessage* answer) {
  if (answer == nullptr) {
    bus_.abandon("the bus does not answer");
    return;
  }
  // An owner that has gone meanwhile is an error, and NameOwnerChanged follows.
  const std::optional<std::uint32_t> process = dbus::parse_number(answer);
  if (same_process_ids_ && process &&
      ancestors_.of(static_cast<pid_t>(*process)) == Relation::stranger) {
    context_.log.write(runtime::Severity::warning,
                       "D-Bus: " + owner_ + " owns " + context_.topology.dbus_service_name +
                           ", but is another keepalived (process " + std::to_string(*process) +
                           "): ignored; give each keepalived on one bus its own "
                           "dbus_service_name");
    return;
  }
  found_ = true;
  handlers_.found(owner_);
}

}  // namespace batch_notifier::sources
