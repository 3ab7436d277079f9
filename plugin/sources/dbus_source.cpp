// SPDX-License-Identifier: MIT
#include "sources/dbus_source.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace batch_notifier::sources {

namespace {

/// Questions that keepalived may have before it at a time.
constexpr std::size_t questions_at_a_time = 16;

/// Foreign senders that are named in the log, per owner.
constexpr std::size_t foreign_senders_named = 8;

std::string error_name(DBusMessage* answer) {
  const char* name = dbus_message_get_error_name(answer);
  return name != nullptr ? name : "malformed answer";
}

bool is_return(DBusMessage* message) {
  return dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_METHOD_RETURN;
}

bool is_error(DBusMessage* message) {
  return dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_ERROR;
}

}  // namespace

DbusSource::DbusSource(runtime::EventLoop& loop, runtime::Log& log, core::Statistics& statistics,
                       const core::Topology& topology, core::ObservationSink& sink, Options options)
    : loop_(loop),
      log_(log),
      statistics_(statistics),
      topology_(topology),
      sink_(sink),
      options_(std::move(options)),
      paths_(topology),
      retry_wait_(options_.retry_min),
      retry_timer_(loop, [this] { attempt(); }),
      answer_timer_(loop, [this] { answer_overdue(); }) {
}

void DbusSource::start() {
  try {
    if (dbus_validate_bus_name(topology_.dbus_service_name.c_str(), nullptr) == 0) {
      throw std::runtime_error("not a bus name: dbus_service_name " + topology_.dbus_service_name);
    }
    sockets_ =
        parse_bus_address(options_.address.empty() ? system_bus_address() : options_.address);
    warn_of_paths();
  } catch (const std::exception& problem) {
    log_.write(runtime::Severity::error,
               std::string("keepalived is not heard on D-Bus: ") + problem.what());
    lose_bus();
    return;
  }
  attempt();
}

void DbusSource::warn_of_paths() {
  if (!paths_.valid()) {
    log_.write(runtime::Severity::warning,
               "D-Bus does not allow the object path " + paths_.prefix() +
                   ": keepalived cannot be heard there; use only letters, digits and _ in "
                   "net_namespace and instance");
    return;
  }
  for (core::InstanceIndex index = 0; index < topology_.instances.size(); ++index) {
    const DbusPaths::Owner* owner = paths_.find(paths_.path(index));
    if (owner != nullptr && owner->ambiguous && owner->instance != index) {
      log_.write(runtime::Severity::warning, topology_.instances[index].name + " and " +
                                                 topology_.instances[owner->instance].name +
                                                 " share the object path " + paths_.path(index) +
                                                 ": D-Bus is not believed about either");
    }
  }
}

void DbusSource::attempt() {
  try {
    const BusSocket& socket = sockets_[attempts_++ % sockets_.size()];
    connection_.emplace(loop_, socket, options_.connect_limit, *this);
  } catch (const std::exception& problem) {
    retry_later(problem.what());
  }
}

void DbusSource::retry_later(const std::string& reason) {
  if (failures_.insert(reason).second) {
    log_.write(runtime::Severity::warning, "no D-Bus, will be tried again: " + reason);
  }
  retry_timer_.set(runtime::read_clocks().monotonic + retry_wait_);
  retry_wait_ = std::min(retry_wait_ * 2, options_.retry_max);
  lose_bus();
}

void DbusSource::lose_bus() {
  if (!bus_lost_) {
    bus_lost_ = true;
    sink_.observe(core::DbusBusLost{});
  }
}

void DbusSource::disconnected(const std::string& reason) {
  // A copy, because it may be the connection's own.
  const std::string why = reason;
  connection_.reset();
  answer_timer_.cancel();
  subscribing_.clear();
  owner_question_ = 0;
  owner_.clear();
  reading_.reset();
  if (attached_ && runtime::read_clocks().monotonic - *attached_ >= options_.retry_max) {
    retry_wait_ = options_.retry_min;
  }
  attached_.reset();
  retry_later(why);
}

void DbusSource::connected() {
  statistics_.add(core::Counter::dbus_connects);
  const std::string owner_rule =
      std::string("type='signal',sender='" DBUS_SERVICE_DBUS "',interface='" DBUS_INTERFACE_DBUS
                  "',member='NameOwnerChanged',arg0='") +
      topology_.dbus_service_name + "'";
  subscribing_.insert(connection_->send(*make_bus_call("AddMatch", owner_rule.c_str())));
  if (paths_.valid()) {
    const std::string state_rule = std::string("type='signal',interface='") + instance_interface +
                                   "',member='VrrpStatusChange',path_namespace='" +
                                   paths_.prefix() + "'";
    subscribing_.insert(connection_->send(*make_bus_call("AddMatch", state_rule.c_str())));
  }
  owner_question_ =
      connection_->send(*make_bus_call("GetNameOwner", topology_.dbus_service_name.c_str()));
  answer_timer_.set(runtime::read_clocks().monotonic + options_.connect_limit);
}

bool DbusSource::received(DBusMessage* message) {
  if (is_return(message) || is_error(message)) {
    take_answer(message, dbus_message_get_reply_serial(message));
    return true;
  }
  if (is_status_change(message)) {
    take_status_change(message);
    return true;
  }
  const std::optional<NameOwnerChange> change = parse_name_owner_changed(message);
  if (!change || change->name != topology_.dbus_service_name) {
    return false;
  }
  // Before GetNameOwner is answered, what comes is older than that answer.
  if (owner_question_ == 0) {
    set_owner(change->new_owner);
  }
  return true;
}

void DbusSource::take_answer(DBusMessage* message, std::uint32_t serial) {
  if (is_from_bus(message)) {
    if (subscribing_.erase(serial) != 0) {
      if (is_error(message)) {
        connection_->abandon("the bus refused a subscription: " + error_name(message));
      }
      return;
    }
    if (serial == owner_question_ && owner_question_ != 0) {
      take_owner(message);
      return;
    }
  }
  // For an owner that is no more, the bus answers with an error.
  const bool credible = dbus_message_has_sender(message, owner_.c_str()) != 0 ||
                        (is_from_bus(message) && is_error(message));
  if (!reading_ || !credible) {
    return;
  }
  if (const std::optional<DbusReading::Question> question = reading_->answered(serial)) {
    take_properties(*question, message);
    expect_answer();
    ask();
  }
}

void DbusSource::take_owner(DBusMessage* answer) {
  const std::optional<std::string_view> owner = parse_string(answer);
  const bool none = dbus_message_is_error(answer, DBUS_ERROR_NAME_HAS_NO_OWNER) != 0;
  if (!none && !(is_return(answer) && owner)) {
    connection_->abandon("the bus does not say who owns " + topology_.dbus_service_name + ": " +
                         error_name(answer));
    return;
  }
  owner_question_ = 0;
  answer_timer_.cancel();
  attached_ = runtime::read_clocks().monotonic;
  bus_lost_ = false;
  failures_.clear();
  if (none) {
    log_.write(runtime::Severity::notice,
               "attached to D-Bus, where nobody owns " + topology_.dbus_service_name + " yet");
    return;
  }
  set_owner(*owner);
}

void DbusSource::set_owner(std::string_view owner) {
  if (owner == owner_) {
    return;
  }
  if (!owner_.empty()) {
    log_.write(runtime::Severity::notice,
               owner_ + " no longer owns " + topology_.dbus_service_name + " on D-Bus");
    owner_.clear();
    reading_.reset();
    answer_timer_.cancel();
    sink_.observe(core::DbusOwnerLost{});
  }
  if (!owner.empty()) {
    owner_ = owner;
    noted_ = {};
    log_.write(runtime::Severity::notice,
               owner_ + " owns " + topology_.dbus_service_name + " on D-Bus, reading all states");
    sink_.observe(core::DbusOwnerFound{});
    begin_reading();
  }
}

void DbusSource::resync() {
  if (reading_) {
    read_again_ = true;
  } else if (!owner_.empty()) {
    begin_reading();
  }
}

void DbusSource::begin_reading() {
  std::vector<core::InstanceIndex> instances;
  for (core::InstanceIndex index = 0; index < topology_.instances.size(); ++index) {
    if (topology_.instances[index].ignored) {
      continue;
    }
    if (paths_.usable(index)) {
      instances.push_back(index);
    } else {
      sink_.observe(core::DbusInstanceAbsent{index});
    }
  }
  read_again_ = false;
  overdue_ = false;
  absent_ = 0;
  reading_.emplace(instances, questions_at_a_time);
  expect_answer();
  ask();
}

void DbusSource::ask() {
  while (const std::optional<core::InstanceIndex> instance = reading_->next()) {
    const MessagePtr question = make_read(owner_, paths_.path(*instance));
    reading_->asked(*instance, connection_->send(*question));
  }
  if (reading_->finished()) {
    end_reading();
  }
}

void DbusSource::take_properties(const DbusReading::Question& question, DBusMessage* answer) {
  const std::string& name = topology_.instances[question.instance].name;
  const std::optional<InstanceProperties> properties =
      is_return(answer) ? parse_properties(answer) : InstanceProperties{};
  if (!properties) {
    statistics_.add(core::Counter::dbus_malformed);
    set_absent(question.instance, "malformed answer");
  } else if (!properties->state || !properties->name) {
    statistics_.add(core::Counter::dbus_read_errors);
    set_absent(question.instance, is_error(answer) ? error_name(answer) : "unknown to keepalived");
  } else if (*properties->name != name) {
    set_absent(question.instance, "keepalived calls it " + *properties->name +
                                      ", so it runs another configuration than the file has");
  } else if (question.signal && *question.signal != *properties->state) {
    reading_->ask_again(question.instance);
  } else {
    sink_.observe(core::StateSeen{core::Witness::dbus, question.instance, *properties->state,
                                  /*answered=*/true, std::nullopt});
  }
}

void DbusSource::set_absent(core::InstanceIndex instance, const std::string& why) {
  if (absent_++ == 0) {
    first_absent_ = topology_.instances[instance].name + ": " + why;
  }
  sink_.observe(core::DbusInstanceAbsent{instance});
}

void DbusSource::end_reading() {
  reading_.reset();
  answer_timer_.cancel();
  if (absent_ > 0) {
    log_.write(runtime::Severity::warning, "D-Bus bears no witness for " + std::to_string(absent_) +
                                               " instances, first " + first_absent_);
  }
  if (!overdue_) {
    sink_.observe(core::DbusReadComplete{});
  }
  if (read_again_) {
    begin_reading();
  }
}

void DbusSource::expect_answer() {
  if (!overdue_) {
    answer_timer_.set(runtime::read_clocks().monotonic + options_.answer_limit);
  }
}

void DbusSource::answer_overdue() {
  if (owner_question_ != 0) {
    connection_->abandon("the bus does not answer");
    return;
  }
  // Others must not wait for a keepalived that hangs. It is not asked more; but if it does answer
  // one day, the answer is as good as any, and the reading goes on from there.
  overdue_ = true;
  const std::vector<core::InstanceIndex> missing = reading_->missing();
  log_.write(runtime::Severity::warning, "keepalived does not answer on D-Bus, " +
                                             std::to_string(missing.size()) +
                                             " instances could not be read");
  for (const core::InstanceIndex instance : missing) {
    sink_.observe(core::DbusInstanceAbsent{instance});
  }
  sink_.observe(core::DbusReadComplete{});
}

void DbusSource::take_status_change(DBusMessage* message) {
  if (owner_.empty() || dbus_message_has_sender(message, owner_.c_str()) == 0) {
    statistics_.add(core::Counter::dbus_foreign_signals);
    note_foreign(dbus_message_get_sender(message));
    return;
  }
  const std::optional<core::VrrpState> state = parse_status_change(message);
  if (!state) {
    statistics_.add(core::Counter::dbus_malformed);
    warn_once(noted_.malformed, "malformed state signals on D-Bus from " + owner_ + ": ignored");
    return;
  }
  const char* path = dbus_message_get_path(message);
  const DbusPaths::Owner* target = paths_.find(path != nullptr ? path : "");
  if (target == nullptr || target->ambiguous) {
    statistics_.add(core::Counter::dbus_unknown_paths);
    if (target == nullptr) {
      warn_once(noted_.unknown_path,
                std::string("state signals on D-Bus for objects that the configuration file does "
                            "not have, first ") +
                    path);
    }
    return;
  }
  if (topology_.instances[target->instance].ignored) {
    return;
  }
  statistics_.add(core::Counter::dbus_signals);
  if (reading_) {
    reading_->signalled(target->instance, *state);
  }
  sink_.observe(core::StateSeen{core::Witness::dbus, target->instance, *state, /*answered=*/false,
                                std::nullopt});
}

void DbusSource::note_foreign(const char* sender) {
  // While nobody owns the service, these are most likely keepalived's own, just before it does.
  if (owner_.empty() || sender == nullptr || noted_.foreign.size() >= foreign_senders_named ||
      !noted_.foreign.insert(sender).second) {
    return;
  }
  log_.write(runtime::Severity::warning, std::string("state signals on D-Bus from ") + sender +
                                             ", which does not own " + topology_.dbus_service_name +
                                             ": ignored");
}

void DbusSource::warn_once(bool& warned, const std::string& message) {
  if (!warned) {
    warned = true;
    log_.write(runtime::Severity::warning, message);
  }
}

}  // namespace batch_notifier::sources
