// SPDX-License-Identifier: MIT
#include "dbus/bus.hpp"

#include <algorithm>

namespace batch_notifier::dbus {

Bus::Bus(runtime::EventLoop& loop, const BusSocket& socket, core::Duration limit, Handlers handlers)
    : handlers_(std::move(handlers)),
      deadline_timer_(loop, [this] { on_deadline(); }),
      connection_(loop, socket, limit, *this) {
}

Bus::Call Bus::call(DBusMessage& message, std::optional<core::Duration> limit, Reply reply) {
  const std::uint32_t serial = connection_.send(message);
  const char* destination = dbus_message_get_destination(&message);
  Pending pending{destination != nullptr ? destination : "", std::move(reply), std::nullopt};
  if (limit) {
    pending.deadline = runtime::read_clocks().monotonic + *limit;
    deadlines_.insert({*pending.deadline, serial});
  }
  pending_[serial] = std::move(pending);
  arm();
  return Call(*this, serial);
}

Bus::Match Bus::match(const std::string& rule, Signal handler) {
  if (!rule.empty()) {
    subscribing_.insert(connection_.send(*make_bus_call("AddMatch", rule.c_str())));
  }
  auto listening = std::make_shared<Listening>(Listening{std::move(handler), rule, false});
  listening_.push_back(listening);
  return Match(*this, std::move(listening));
}

// The plugin's own interface will be exported by it.
// cppcheck-suppress unusedFunction
Bus::Export Bus::export_object(const std::string& path, ObjectHandler& handler) {
  objects_.emplace(path, &handler);
  return Export(*this, path);
}

bool Bus::received(DBusMessage* message) {
  switch (dbus_message_get_type(message)) {
    case DBUS_MESSAGE_TYPE_METHOD_RETURN:
    case DBUS_MESSAGE_TYPE_ERROR:
      return take_answer(message);
    case DBUS_MESSAGE_TYPE_SIGNAL:
      return offer_signal(message);
    case DBUS_MESSAGE_TYPE_METHOD_CALL:
      return take_call(message);
    default:
      return false;
  }
}

bool Bus::take_answer(DBusMessage* answer) {
  const std::uint32_t serial = dbus_message_get_reply_serial(answer);
  if (subscribing_.count(serial) != 0 && is_from_bus(answer)) {
    subscribing_.erase(serial);
    if (is_error(answer)) {
      abandon("the bus refused a subscription: " + error_name(answer));
    }
    return true;
  }
  const auto found = pending_.find(serial);
  if (found == pending_.end() || !may_answer(answer, found->second)) {
    return true;
  }
  // Taken out first: the handler may make the next call, or drop this one.
  if (const std::optional<Pending> pending = take_pending(serial)) {
    pending->reply(answer);
  }
  return true;
}

// Anybody can send a message with any reply serial. For a connection that is no more, the bus
// answers with an error.
bool Bus::may_answer(DBusMessage* answer, const Pending& pending) {
  const bool by_unique_name = !pending.destination.empty() && pending.destination.front() == ':';
  if (!by_unique_name && pending.destination != DBUS_SERVICE_DBUS) {
    return true;
  }
  return dbus_message_has_sender(answer, pending.destination.c_str()) != 0 ||
         (is_from_bus(answer) && is_error(answer));
}

bool Bus::offer_signal(DBusMessage* signal) {
  // A handler may drop matches, its own included, and make new ones.
  for (std::size_t index = 0; index < listening_.size(); ++index) {
    const std::shared_ptr<Listening> listening = listening_[index];
    if (!listening->dropped && listening->handler(signal)) {
      return true;
    }
  }
  return false;
}

bool Bus::take_call(DBusMessage* call) {
  const char* path = dbus_message_get_path(call);
  const auto found = path != nullptr ? objects_.find(path) : objects_.end();
  if (found == objects_.end()) {
    return false;
  }
  const MessagePtr answer = found->second->handle(*call);
  if (!answer) {
    return false;
  }
  if (dbus_message_get_no_reply(call) == 0) {
    send(*answer);
  }
  return true;
}

std::optional<Bus::Pending> Bus::take_pending(std::uint32_t serial) {
  const auto found = pending_.find(serial);
  if (found == pending_.end()) {
    return std::nullopt;
  }
  Pending pending = std::move(found->second);
  pending_.erase(found);
  if (pending.deadline) {
    deadlines_.erase({*pending.deadline, serial});
    arm();
  }
  return pending;
}

void Bus::on_deadline() {
  const core::MonotonicTime now = runtime::read_clocks().monotonic;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    if (const std::optional<Pending> pending = take_pending(deadlines_.begin()->second)) {
      pending->reply(nullptr);
    }
  }
  arm();
}

void Bus::arm() {
  if (deadlines_.empty()) {
    deadline_timer_.cancel();
  } else if (deadline_timer_.deadline() != deadlines_.begin()->first) {
    deadline_timer_.set(deadlines_.begin()->first);
  }
}

void Bus::drop_match(const std::shared_ptr<Listening>& listening) {
  const std::string rule = std::exchange(listening->rule, {});
  listening->dropped = true;
  listening_.erase(std::remove(listening_.begin(), listening_.end(), listening), listening_.end());
  if (!rule.empty() && connection_.is_open()) {
    const MessagePtr call = make_bus_call("RemoveMatch", rule.c_str());
    dbus_message_set_no_reply(call.get(), TRUE);
    send(*call);
  }
}

Bus::Call& Bus::Call::operator=(Call&& other) noexcept {
  drop();
  bus_ = std::exchange(other.bus_, nullptr);
  serial_ = other.serial_;
  return *this;
}

bool Bus::Call::waits() const {
  return bus_ != nullptr && bus_->pending_.count(serial_) != 0;
}

void Bus::Call::drop() {
  if (Bus* bus = std::exchange(bus_, nullptr)) {
    bus->take_pending(serial_);
  }
}

Bus::Match& Bus::Match::operator=(Match&& other) noexcept {
  drop();
  bus_ = std::exchange(other.bus_, nullptr);
  listening_ = std::move(other.listening_);
  return *this;
}

void Bus::Match::drop() {
  if (Bus* bus = std::exchange(bus_, nullptr)) {
    bus->drop_match(listening_);
  }
}

Bus::Export& Bus::Export::operator=(Export&& other) noexcept {
  drop();
  bus_ = std::exchange(other.bus_, nullptr);
  path_ = std::move(other.path_);
  return *this;
}

void Bus::Export::drop() {
  if (Bus* bus = std::exchange(bus_, nullptr)) {
    bus->objects_.erase(path_);
  }
}

}  // namespace batch_notifier::dbus
