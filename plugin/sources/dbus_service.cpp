// SPDX-License-Identifier: MIT
#include "sources/dbus_service.hpp"

#include <utility>
#include <vector>

#include "sources/dbus_messages.hpp"

namespace batch_notifier::sources {

namespace {

/// Questions that keepalived may have before it at a time.
constexpr std::size_t questions_at_a_time = 16;

}  // namespace

DbusService::DbusService(const DbusContext& context, DbusConnection& connection, std::string owner,
                         core::Duration answer_limit)
    : context_(context),
      connection_(connection),
      owner_(std::move(owner)),
      answer_limit_(answer_limit),
      answer_timer_(context.loop, [this] { answer_overdue(); }) {
}

bool DbusService::sent(DBusMessage* message) const {
  return dbus_message_has_sender(message, owner_.c_str()) != 0;
}

void DbusService::read() {
  if (reading_) {
    read_again_ = true;
    return;
  }
  std::vector<core::InstanceIndex> instances;
  for (core::InstanceIndex index = 0; index < context_.topology.instances.size(); ++index) {
    if (context_.topology.instances[index].ignored) {
      continue;
    }
    if (context_.paths.usable(index)) {
      instances.push_back(index);
    } else {
      context_.sink.observe(core::DbusInstanceAbsent{index});
    }
  }
  read_again_ = false;
  overdue_ = false;
  absent_ = 0;
  strangers_.clear();
  reading_.emplace(instances, questions_at_a_time);
  expect_answer();
  ask();
}

void DbusService::take_answer(DBusMessage* message) {
  // For a connection that is no more, the bus answers with an error.
  if (!reading_ || !(sent(message) || (is_from_bus(message) && is_error(message)))) {
    return;
  }
  const std::optional<DbusReading::Question> question =
      reading_->answered(dbus_message_get_reply_serial(message));
  if (question) {
    take_properties(*question, message);
    expect_answer();
    ask();
  }
}

void DbusService::ask() {
  while (const std::optional<core::InstanceIndex> instance = reading_->next()) {
    const MessagePtr question = make_read(owner_, context_.paths.path(*instance));
    reading_->asked(*instance, connection_.send(*question));
  }
  if (reading_->finished()) {
    finish();
  }
}

void DbusService::take_properties(const DbusReading::Question& question, DBusMessage* answer) {
  const core::InstanceIndex instance = question.instance;
  if (is_error(answer)) {
    context_.statistics.add(core::Counter::dbus_read_errors);
    set_absent(question, dbus_message_get_error_name(answer));
    return;
  }
  const std::optional<InstanceProperties> properties = parse_properties(answer);
  if (!properties) {
    context_.statistics.add(core::Counter::dbus_malformed);
    set_absent(question, "malformed answer");
  } else if (!properties->state || !properties->name) {
    context_.statistics.add(core::Counter::dbus_read_errors);
    set_absent(question, "unknown to keepalived");
  } else if (*properties->name != context_.topology.instances[instance].name) {
    strangers_.insert(instance);
    set_absent({question.serial, instance, std::nullopt},
               "keepalived calls it " + *properties->name + ", so the file is not what it runs");
  } else if (question.signal && *question.signal != *properties->state) {
    reading_->ask_again(instance);
  } else {
    context_.sink.observe(core::StateSeen{core::Witness::dbus, instance, *properties->state,
                                          /*answered=*/true, std::nullopt});
  }
}

void DbusService::set_absent(const DbusReading::Question& question, const std::string& why) {
  if (question.signal) {
    return;
  }
  if (absent_++ == 0) {
    first_absent_ = context_.topology.instances[question.instance].name + ": " + why;
  }
  context_.sink.observe(core::DbusInstanceAbsent{question.instance});
}

void DbusService::finish() {
  reading_.reset();
  answer_timer_.cancel();
  if (absent_ > 0) {
    context_.log.write(runtime::Severity::warning, "D-Bus bears no witness for " +
                                                       std::to_string(absent_) +
                                                       " instances, first " + first_absent_);
  }
  if (!overdue_) {
    context_.sink.observe(core::DbusReadComplete{});
  }
  if (read_again_) {
    read();
  }
}

void DbusService::expect_answer() {
  if (!overdue_) {
    answer_timer_.set(runtime::read_clocks().monotonic + answer_limit_);
  }
}

void DbusService::answer_overdue() {
  // Others must not wait for a keepalived that hangs. It is not asked more; but if it does answer
  // one day, the answer is as good as any, and the reading goes on from there.
  overdue_ = true;
  const std::vector<core::InstanceIndex> missing = reading_->missing();
  context_.log.write(runtime::Severity::warning, "keepalived does not answer on D-Bus, " +
                                                     std::to_string(missing.size()) +
                                                     " instances could not be read");
  for (const core::InstanceIndex instance : missing) {
    context_.sink.observe(core::DbusInstanceAbsent{instance});
  }
  context_.sink.observe(core::DbusReadComplete{});
}

void DbusService::take_status_change(DBusMessage* message) {
  const std::optional<core::VrrpState> state = parse_status_change(message);
  if (!state) {
    context_.statistics.add(core::Counter::dbus_malformed);
    warn_once(warned_of_malformed_,
              "malformed state signals on D-Bus from " + owner_ + ": ignored");
    return;
  }
  const char* path = dbus_message_get_path(message);
  const DbusPaths::Owner* target = context_.paths.find(path);
  if (target == nullptr || target->ambiguous || strangers_.count(target->instance) != 0) {
    context_.statistics.add(core::Counter::dbus_unknown_paths);
    if (target == nullptr) {
      warn_once(warned_of_unknown_path_,
                std::string("state signals on D-Bus for objects that the configuration file does "
                            "not have, first ") +
                    path);
    }
    return;
  }
  if (context_.topology.instances[target->instance].ignored) {
    return;
  }
  context_.statistics.add(core::Counter::dbus_signals);
  if (reading_) {
    reading_->signalled(target->instance, *state);
  }
  context_.sink.observe(core::StateSeen{core::Witness::dbus, target->instance, *state,
                                        /*answered=*/false, std::nullopt});
}

void DbusService::warn_once(bool& warned, const std::string& message) {
  if (!warned) {
    warned = true;
    context_.log.write(runtime::Severity::warning, message);
  }
}

}  // namespace batch_notifier::sources
