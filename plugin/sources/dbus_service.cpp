// SPDX-License-Identifier: MIT
#include "sources/dbus_service.hpp"

#include <cstddef>
#include <optional>
#include <utility>

#include "sources/dbus_messages.hpp"

namespace batch_notifier::sources {

namespace {

/// Foreign senders that are named in the log, per owner.
constexpr std::size_t foreign_senders_named = 8;

std::string rule_for(const std::string& owner, const DbusPaths& paths) {
  return "type='signal',sender='" + owner + "',interface='" + instance_interface +
         "',member='VrrpStatusChange',path_namespace='" + paths.prefix() + "'";
}

}  // namespace

DbusService::DbusService(const DbusContext& context, dbus::Bus& bus, const std::string& owner,
                         core::Duration answer_limit, std::function<void()> owner_doubted)
    : context_(context),
      owner_(owner),
      silence_(context, owner, {[this] { read_anew(); }, std::move(owner_doubted)}),
      reader_(context, bus, owner, answer_limit, silence_),
      inquiry_(context, bus, owner, silence_) {
  // Before anything is read: the bus handles both in this order, so no signal is missed.
  match_ = bus.match(context_.paths.valid() ? rule_for(owner, context_.paths) : std::string(),
                     [this](DBusMessage* signal) { return take_signal(signal); });
  context_.sink.observe(core::DbusOwnerFound{});
  reader_.read();
}

void DbusService::read_anew() {
  inquiry_.clear();
  context_.sink.observe(core::DbusOwnerFound{/*after_silence=*/true});
  reader_.read_anew();
}

bool DbusService::take_signal(DBusMessage* signal) {
  if (!is_status_change(signal)) {
    return false;
  }
  if (dbus_message_has_sender(signal, owner_.c_str()) != 0) {
    take_status_change(signal);
  } else {
    count_foreign(signal);
  }
  return true;
}

void DbusService::take_status_change(DBusMessage* signal) {
  const std::optional<core::VrrpState> state = parse_status_change(signal);
  if (!state) {
    context_.statistics.add(core::Counter::dbus_malformed);
    warn_once(warned_of_malformed_, "D-Bus: malformed state signals from " + owner_ + ": ignored");
    return;
  }
  const char* path = dbus_message_get_path(signal);
  const DbusPaths::Owner* target = context_.paths.find(path);
  if (target == nullptr || target->ambiguous || reader_.is_stranger(target->instance)) {
    context_.statistics.add(core::Counter::dbus_unknown_paths);
    if (target == nullptr) {
      warn_once(warned_of_unknown_path_,
                std::string("D-Bus: state signals for objects that the configuration file does "
                            "not have, first ") +
                    path);
    }
    return;
  }
  const core::InstanceIndex instance = target->instance;
  if (context_.topology.instances[instance].ignored) {
    return;
  }
  context_.statistics.add(core::Counter::dbus_signals);
  reader_.signalled(instance, *state);
  context_.sink.observe(
      core::StateSeen{core::Witness::dbus, instance, *state, /*answered=*/false, std::nullopt});
  inquiry_.signalled(instance, *state);
}

void DbusService::count_foreign(DBusMessage* signal) {
  context_.statistics.add(core::Counter::dbus_foreign_signals);
  const char* sender = dbus_message_get_sender(signal);
  if (sender != nullptr && foreign_.size() < foreign_senders_named &&
      foreign_.insert(sender).second) {
    context_.log.write(runtime::Severity::warning, std::string("D-Bus: state signals from ") +
                                                       sender + ", which does not own " +
                                                       context_.topology.dbus_service_name +
                                                       ": ignored");
  }
}

void DbusService::warn_once(bool& warned, const std::string& message) {
  if (!warned) {
    warned = true;
    context_.log.write(runtime::Severity::warning, message);
  }
}

}  // namespace batch_notifier::sources
