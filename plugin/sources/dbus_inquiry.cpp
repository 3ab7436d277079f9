// SPDX-License-Identifier: MIT
#include "sources/dbus_inquiry.hpp"

#include <algorithm>
#include <utility>

#include "runtime/text.hpp"
#include "sources/dbus_messages.hpp"

namespace batch_notifier::sources {

DbusInquiry::DbusInquiry(const DbusContext& context, dbus::Bus& bus, std::string owner,
                         DbusSilence& silence)
    : context_(context),
      bus_(bus),
      owner_(std::move(owner)),
      silence_(silence),
      timer_(context.loop, [this] { look_at_deadlines(); }) {
}

void DbusInquiry::ask(const std::vector<core::InstanceIndex>& instances) {
  const core::MonotonicTime deadline = runtime::read_clocks().monotonic + limit;
  for (const core::InstanceIndex instance : instances) {
    if (context_.paths.usable(instance) && questions_.count(instance) == 0) {
      waiting_.emplace(instance, deadline);
    }
  }
  put_waiting();
  if (!questions_.empty() && !timer_.deadline() && !silence_.silent()) {
    timer_.set(deadline);
  }
}

void DbusInquiry::put_waiting() {
  while (!waiting_.empty() && questions_.size() < most_open) {
    const auto [instance, deadline] = *waiting_.begin();
    waiting_.erase(waiting_.begin());
    put(instance, deadline);
  }
}

void DbusInquiry::put(core::InstanceIndex instance, core::MonotonicTime deadline) {
  const dbus::MessagePtr question = make_read(owner_, context_.paths.path(instance));
  // The call itself has no deadline: a late answer shows that keepalived is back.
  questions_[instance] = {
      bus_.call(*question, std::nullopt,
                [this, instance](DBusMessage* answer) { take_answer(instance, answer); }),
      deadline, std::nullopt};
}

void DbusInquiry::signalled(core::InstanceIndex instance, core::VrrpState state) {
  const auto found = questions_.find(instance);
  if (found != questions_.end()) {
    found->second.signal = state;
  }
  const core::MonotonicTime now = runtime::read_clocks().monotonic;
  if (silence_.silent() && now >= next_by_signal_) {
    next_by_signal_ = now + pause;
    put(instance, now);
  }
}

void DbusInquiry::clear() {
  questions_.clear();
  waiting_.clear();
  timer_.cancel();
}

void DbusInquiry::take_answer(core::InstanceIndex instance, DBusMessage* answer) {
  if (silence_.weigh(answer) != DbusSilence::Worth::counts) {
    return;  // The question is open still, or forgotten because everything is read anew.
  }
  const auto found = questions_.find(instance);
  const Question question = std::move(found->second);
  questions_.erase(found);
  take_state(instance, question, answer);
  put_waiting();
  if (questions_.empty()) {
    timer_.cancel();
  }
}

void DbusInquiry::take_state(core::InstanceIndex instance, const Question& question,
                             DBusMessage* answer) {
  const std::optional<InstanceProperties> properties =
      dbus::is_error(answer) ? std::nullopt : parse_properties(answer);
  const bool ours = properties && properties->name && properties->state &&
                    *properties->name == context_.topology.instances[instance].name;
  if (!ours) {
    context_.statistics.add(core::Counter::dbus_read_errors);
    context_.sink.observe(core::DbusInstanceAbsent{instance});
  } else if (question.signal && *question.signal != *properties->state) {
    put(instance, question.deadline);
  } else {
    context_.sink.observe(core::StateSeen{core::Witness::dbus, instance, *properties->state,
                                          /*answered=*/true, std::nullopt});
  }
}

void DbusInquiry::look_at_deadlines() {
  if (questions_.empty() || silence_.silent()) {
    return;
  }
  const auto earliest = std::min_element(questions_.begin(), questions_.end(),
                                         [](const auto& one, const auto& other) {
                                           return one.second.deadline < other.second.deadline;
                                         });
  if (earliest->second.deadline > runtime::read_clocks().monotonic) {
    timer_.set(earliest->second.deadline);
    return;
  }
  silence_.begin(runtime::count_text(questions_.size() + waiting_.size(), "instance") + ", first " +
                 context_.topology.instances[earliest->first].name + ", within " +
                 runtime::seconds_text(limit) + ", although another witness contradicts D-Bus");
}

}  // namespace batch_notifier::sources
