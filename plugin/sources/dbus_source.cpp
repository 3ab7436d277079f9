// SPDX-License-Identifier: MIT
#include "sources/dbus_source.hpp"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include <dbus/dbus.h>

#include "sources/dbus_messages.hpp"

namespace batch_notifier::sources {

namespace {

/// Foreign senders that are named in the log, per owner.
constexpr std::size_t foreign_senders_named = 8;

std::string error_name(DBusMessage* answer) {
  const char* name = dbus_message_get_error_name(answer);
  return name != nullptr ? name : "malformed answer";
}

}  // namespace

DbusSource::DbusSource(runtime::EventLoop& loop, runtime::Log& log, core::Statistics& statistics,
                       const core::Topology& topology, core::ObservationSink& sink, Options options)
    : paths_(topology),
      context_{loop, log, statistics, topology, paths_, sink},
      options_(std::move(options)),
      service_name_(topology.dbus_service_name),
      retry_wait_(options_.retry_min),
      retry_timer_(loop, [this] { attempt(); }),
      answer_timer_(loop, [this] { connection_->abandon("the bus does not answer"); }),
      // A net_namespace is part of every object path, so no other keepalived's can be mistaken.
      lineage_(/*same_network=*/topology.net_namespace.empty()) {
}

void DbusSource::start() {
  try {
    if (dbus_validate_bus_name(service_name_.c_str(), nullptr) == 0) {
      throw std::runtime_error("dbus_service_name is not a bus name: " + service_name_);
    }
    sockets_ =
        parse_bus_address(options_.address.empty() ? system_bus_address() : options_.address);
    warn_of_paths();
  } catch (const std::exception& problem) {
    context_.log.write(runtime::Severity::error,
                       std::string("keepalived is not heard on D-Bus: ") + problem.what());
    lose_bus();
    return;
  }
  attempt();
}

void DbusSource::warn_of_paths() {
  if (!paths_.valid()) {
    context_.log.write(runtime::Severity::warning,
                       "D-Bus does not allow the object path " + paths_.prefix() +
                           ": keepalived cannot be heard there; use only letters, digits and _ in "
                           "net_namespace and instance");
    return;
  }
  const std::vector<core::Instance>& instances = context_.topology.instances;
  for (core::InstanceIndex index = 0; index < instances.size(); ++index) {
    const DbusPaths::Owner* owner = paths_.find(paths_.path(index));
    if (owner != nullptr && owner->ambiguous && owner->instance != index) {
      context_.log.write(runtime::Severity::warning,
                         instances[owner->instance].name + " and " + instances[index].name +
                             " share the object path " + paths_.path(index) +
                             ": D-Bus is believed about neither");
    }
  }
}

void DbusSource::attempt() {
  try {
    const BusSocket& socket = sockets_[attempts_++ % sockets_.size()];
    DbusConnection::Listener& listener = *this;
    connection_.emplace(context_.loop, socket, options_.connect_limit, listener);
  } catch (const std::exception& problem) {
    retry_later(problem.what());
  }
}

void DbusSource::retry_later(const std::string& reason) {
  if (failures_.insert(reason).second) {
    context_.log.write(runtime::Severity::warning, "no D-Bus, will be tried again: " + reason);
  }
  retry_timer_.set(runtime::read_clocks().monotonic + retry_wait_);
  retry_wait_ = std::min(retry_wait_ * 2, options_.retry_max);
  lose_bus();
}

void DbusSource::lose_bus() {
  if (!bus_lost_) {
    bus_lost_ = true;
    context_.sink.observe(core::DbusBusLost{});
  }
}

void DbusSource::connected() {
  context_.statistics.add(core::Counter::dbus_connects);
  const std::string owner_rule = "type='signal',sender='" DBUS_SERVICE_DBUS
                                 "',interface='" DBUS_INTERFACE_DBUS
                                 "',member='NameOwnerChanged',arg0='" +
                                 service_name_ + "'";
  subscribing_.insert(connection_->send(*make_bus_call("AddMatch", owner_rule.c_str())));
  if (paths_.valid()) {
    const std::string state_rule = std::string("type='signal',interface='") + instance_interface +
                                   "',member='VrrpStatusChange',path_namespace='" +
                                   paths_.prefix() + "'";
    subscribing_.insert(connection_->send(*make_bus_call("AddMatch", state_rule.c_str())));
  }
  own_process_question_ =
      connection_->send(*make_bus_call("GetConnectionUnixProcessID", connection_->unique_name()));
  owner_question_ = connection_->send(*make_bus_call("GetNameOwner", service_name_.c_str()));
  answer_timer_.set(runtime::read_clocks().monotonic + options_.connect_limit);
}

void DbusSource::disconnected(const std::string& reason) {
  service_.reset();
  connection_.reset();
  subscribing_.clear();
  owner_.clear();
  owner_question_ = 0;
  own_process_question_ = 0;
  owners_process_question_ = 0;
  answer_timer_.cancel();
  if (attached_ && runtime::read_clocks().monotonic - *attached_ >= options_.retry_max) {
    retry_wait_ = options_.retry_min;
  }
  attached_.reset();
  retry_later(reason);
}

bool DbusSource::received(DBusMessage* message) {
  if (is_answer(message)) {
    if (!take_bus_answer(message) && service_) {
      service_->take_answer(message);
    }
    return true;
  }
  if (is_status_change(message)) {
    if (service_ && service_->sent(message)) {
      service_->take_status_change(message);
    } else {
      count_foreign(message);
    }
    return true;
  }
  const std::optional<NameOwnerChange> change = parse_name_owner_changed(message);
  if (!change || change->name != service_name_) {
    return false;
  }
  // What comes before GetNameOwner is answered is older than that answer.
  if (owner_question_ == 0) {
    set_owner(change->new_owner);
  }
  return true;
}

bool DbusSource::take_bus_answer(DBusMessage* message) {
  if (!is_from_bus(message)) {
    return false;
  }
  const std::uint32_t serial = dbus_message_get_reply_serial(message);
  if (subscribing_.erase(serial) != 0) {
    if (is_error(message)) {
      connection_->abandon("the bus refused a subscription: " + error_name(message));
    }
    return true;
  }
  if (serial == owner_question_) {
    owner_question_ = 0;
    take_owner(message);
    return true;
  }
  if (serial == own_process_question_) {
    own_process_question_ = 0;
    same_process_ids_ = parse_number(message) == static_cast<std::uint32_t>(getpid());
    return true;
  }
  if (serial == owners_process_question_) {
    owners_process_question_ = 0;
    take_owners_process(message);
    return true;
  }
  return false;
}

void DbusSource::take_owner(DBusMessage* answer) {
  const std::optional<std::string_view> owner =
      is_error(answer) ? std::nullopt : parse_string(answer);
  if (!owner && dbus_message_is_error(answer, DBUS_ERROR_NAME_HAS_NO_OWNER) == 0) {
    connection_->abandon("the bus does not say who owns " + service_name_ + ": " +
                         error_name(answer));
    return;
  }
  answer_timer_.cancel();
  attached_ = runtime::read_clocks().monotonic;
  bus_lost_ = false;
  failures_.clear();
  if (!owner) {
    context_.log.write(runtime::Severity::notice,
                       "attached to D-Bus, where nobody owns " + service_name_ + " yet");
  }
  set_owner(owner.value_or(std::string_view()));
}

void DbusSource::set_owner(std::string_view owner) {
  const std::string name(owner);
  if (!name.empty() && dbus_validate_bus_name(name.c_str(), nullptr) == 0) {
    context_.statistics.add(core::Counter::dbus_malformed);
    return;
  }
  if (name == owner_) {
    return;
  }
  if (service_) {
    context_.log.write(runtime::Severity::notice,
                       service_->owner() + " no longer owns " + service_name_ + " on D-Bus");
    service_.reset();
    context_.sink.observe(core::DbusOwnerLost{});
  }
  foreign_.clear();
  owner_ = name;
  owners_process_question_ = 0;
  if (owner_.empty()) {
    answer_timer_.cancel();
    return;
  }
  owners_process_question_ =
      connection_->send(*make_bus_call("GetConnectionUnixProcessID", owner_.c_str()));
  answer_timer_.set(runtime::read_clocks().monotonic + options_.connect_limit);
}

void DbusSource::take_owners_process(DBusMessage* answer) {
  answer_timer_.cancel();
  // An owner that has gone meanwhile is an error, and its end is told by NameOwnerChanged.
  const std::optional<std::uint32_t> process = parse_number(answer);
  if (same_process_ids_ && process &&
      lineage_.of(static_cast<pid_t>(*process)) == Kinship::stranger) {
    context_.log.write(
        runtime::Severity::warning,
        owner_ + " owns " + service_name_ + " on D-Bus, but is another keepalived than ours, " +
            "process " + std::to_string(*process) +
            ": not believed; give each keepalived on one bus its own dbus_service_name");
    return;
  }
  attend();
}

void DbusSource::attend() {
  context_.log.write(runtime::Severity::notice,
                     owner_ + " owns " + service_name_ + " on D-Bus: reading every instance");
  service_.emplace(context_, *connection_, owner_, options_.answer_limit);
  context_.sink.observe(core::DbusOwnerFound{});
  service_->read();
}

void DbusSource::resync() {
  if (service_) {
    service_->read();
  }
}

void DbusSource::count_foreign(DBusMessage* message) {
  context_.statistics.add(core::Counter::dbus_foreign_signals);
  // While nobody owns the service these are likely keepalived's own, just before it does.
  const char* sender = dbus_message_get_sender(message);
  if (!service_ || sender == nullptr || foreign_.size() >= foreign_senders_named ||
      !foreign_.insert(sender).second) {
    return;
  }
  context_.log.write(runtime::Severity::warning, std::string("state signals on D-Bus from ") +
                                                     sender + ", which does not own " +
                                                     service_name_ + ": ignored");
}

}  // namespace batch_notifier::sources
