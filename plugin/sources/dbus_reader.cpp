// SPDX-License-Identifier: MIT
#include "sources/dbus_reader.hpp"

#include <utility>
#include <vector>

#include "runtime/text.hpp"
#include "sources/dbus_messages.hpp"

namespace batch_notifier::sources {

namespace {

/// Questions that keepalived may have before it at a time.
constexpr std::size_t questions_at_a_time = 16;

}  // namespace

DbusReader::DbusReader(const DbusContext& context, dbus::Bus& bus, std::string owner,
                       core::Duration answer_limit, DbusSilence& silence)
    : context_(context),
      bus_(bus),
      owner_(std::move(owner)),
      answer_limit_(answer_limit),
      silence_(silence),
      answer_timer_(context.loop, [this] { answer_overdue(); }) {
}

void DbusReader::read() {
  if (reading_) {
    read_again_ = true;
  } else {
    begin();
  }
}

void DbusReader::read_anew() {
  calls_.clear();
  begin();
}

void DbusReader::begin() {
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
  absent_ = 0;
  strangers_.clear();
  reading_.emplace(instances, questions_at_a_time);
  expect_answer();
  ask();
}

void DbusReader::ask() {
  while (const std::optional<core::InstanceIndex> instance = reading_->next()) {
    const dbus::MessagePtr question = make_read(owner_, context_.paths.path(*instance));
    // The call itself has no deadline: a late answer shows that keepalived is back.
    dbus::Bus::Call call =
        bus_.call(*question, std::nullopt, [this](DBusMessage* answer) { take_answer(answer); });
    reading_->asked(*instance, call.serial());
    calls_[call.serial()] = std::move(call);
  }
  if (reading_->finished()) {
    finish();
  }
}

void DbusReader::take_answer(DBusMessage* answer) {
  const std::uint32_t serial = dbus_message_get_reply_serial(answer);
  calls_.erase(serial);
  const std::optional<DbusReading::Question> question =
      reading_ ? reading_->answered(serial) : std::nullopt;
  if (!question) {
    return;
  }
  switch (silence_.weigh(answer)) {
    case DbusSilence::Worth::counts:
      take_properties(*question, answer);
      expect_answer();
      ask();
      break;
    case DbusSilence::Worth::none:
      // Its answer is missed in time, unless the owner turns out to be another.
      reading_->ask_again(question->instance);
      break;
    case DbusSilence::Worth::read_anew:
      break;
  }
}

void DbusReader::take_properties(const DbusReading::Question& question, DBusMessage* answer) {
  const core::InstanceIndex instance = question.instance;
  if (dbus::is_error(answer)) {
    context_.statistics.add(core::Counter::dbus_read_errors);
    set_absent(question, dbus::error_name(answer));
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
               "keepalived calls it " + *properties->name +
                   ", so the configuration file is not the one that it runs");
  } else if (question.signal && *question.signal != *properties->state) {
    reading_->ask_again(instance);
  } else {
    context_.sink.observe(core::StateSeen{core::Witness::dbus, instance, *properties->state,
                                          /*answered=*/true, std::nullopt});
  }
}

void DbusReader::set_absent(const DbusReading::Question& question, const std::string& why) {
  if (question.signal) {
    return;
  }
  if (absent_++ == 0) {
    first_absent_ = context_.topology.instances[question.instance].name + ": " + why;
  }
  context_.sink.observe(core::DbusInstanceAbsent{question.instance});
}

void DbusReader::signalled(core::InstanceIndex instance, core::VrrpState state) {
  if (reading_) {
    reading_->signalled(instance, state);
  }
}

void DbusReader::finish() {
  reading_.reset();
  answer_timer_.cancel();
  if (absent_ > 0) {
    context_.log.write(runtime::Severity::warning, "D-Bus: keepalived did not report " +
                                                       runtime::count_text(absent_, "instance") +
                                                       ", first " + first_absent_ +
                                                       "; the FIFO or the kernel decides for them");
  }
  context_.sink.observe(core::DbusReadComplete{});
  if (read_again_) {
    begin();
  }
}

void DbusReader::expect_answer() {
  answer_timer_.set(runtime::read_clocks().monotonic + answer_limit_);
}

void DbusReader::answer_overdue() {
  silence_.begin(runtime::count_text(reading_->missing().size(), "instance") + " within " +
                 runtime::seconds_text(answer_limit_));
}

}  // namespace batch_notifier::sources
