// SPDX-License-Identifier: MIT
#include "sources/dbus_inquiry.hpp"

#include <utility>

#include "runtime/text.hpp"
#include "sources/dbus_messages.hpp"

namespace batch_notifier::sources {

DbusInquiry::DbusInquiry(const DbusContext& context, dbus::Bus& bus, std::string owner,
                         Handlers handlers)
    : context_(context),
      bus_(bus),
      owner_(std::move(owner)),
      handlers_(std::move(handlers)),
      timer_(context.loop, [this] { on_silence(); }) {
}

void DbusInquiry::ask(const std::vector<core::InstanceIndex>& instances) {
  for (const core::InstanceIndex instance : instances) {
    if (context_.paths.usable(instance) && questions_.count(instance) == 0) {
      put(instance);
    }
  }
  if (!questions_.empty() && !timer_.deadline() && !silent_) {
    timer_.set(runtime::read_clocks().monotonic + limit);
  }
}

void DbusInquiry::put(core::InstanceIndex instance) {
  const dbus::MessagePtr question = make_read(owner_, context_.paths.path(instance));
  // Without a deadline of its own: a late answer shows that keepalived is back.
  questions_[instance] = {
      bus_.call(*question, std::nullopt,
                [this, instance](DBusMessage* answer) { take_answer(instance, answer); }),
      std::nullopt};
}

void DbusInquiry::signalled(core::InstanceIndex instance, core::VrrpState state) {
  const auto found = questions_.find(instance);
  if (found != questions_.end()) {
    found->second.signal = state;
  }
  if (silent_) {
    thaw();
  }
}

void DbusInquiry::thaw() {
  silent_ = false;
  context_.log.write(runtime::Severity::notice,
                     "D-Bus: " + owner_ + " answers again: reading every instance");
  questions_.clear();
  timer_.cancel();
  handlers_.thawed();
}

void DbusInquiry::take_answer(core::InstanceIndex instance, DBusMessage* answer) {
  const std::optional<core::VrrpState> signal = questions_[instance].signal;
  questions_.erase(instance);
  if (questions_.empty()) {
    timer_.cancel();
  }
  if (dbus_message_is_error(answer, DBUS_ERROR_SERVICE_UNKNOWN) != 0 ||
      dbus_message_is_error(answer, DBUS_ERROR_NAME_HAS_NO_OWNER) != 0) {
    handlers_.owner_gone();
    return;
  }
  if (silent_) {
    thaw();
    return;
  }
  const std::optional<InstanceProperties> properties =
      dbus::is_error(answer) ? std::nullopt : parse_properties(answer);
  const bool ours = properties && properties->name && properties->state &&
                    *properties->name == context_.topology.instances[instance].name;
  if (!ours) {
    context_.statistics.add(core::Counter::dbus_read_errors);
    context_.sink.observe(core::DbusInstanceAbsent{instance});
  } else if (signal && *signal != *properties->state) {
    put(instance);
  } else {
    context_.sink.observe(core::StateSeen{core::Witness::dbus, instance, *properties->state,
                                          /*answered=*/true, std::nullopt});
  }
}

void DbusInquiry::on_silence() {
  silent_ = true;
  context_.log.write(runtime::Severity::warning,
                     "D-Bus: another witness contradicts " + owner_ + " on " +
                         runtime::count_text(questions_.size(), "instance") + ", first " +
                         context_.topology.instances[questions_.begin()->first].name +
                         ", and it did not answer within " + runtime::seconds_text(limit) +
                         ": the FIFO or the kernel decides until it answers again");
  context_.sink.observe(core::DbusSilent{});
}

}  // namespace batch_notifier::sources
