// SPDX-License-Identifier: MIT
#include "sources/dbus_silence.hpp"

#include <utility>

#include "core/observation.hpp"
#include "dbus/messages.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::sources {

namespace {

/// The bus cannot reach the owner, or has lost it before it answered.
bool casts_doubt_on_owner(DBusMessage* answer) {
  return dbus_message_is_error(answer, DBUS_ERROR_SERVICE_UNKNOWN) != 0 ||
         dbus_message_is_error(answer, DBUS_ERROR_NAME_HAS_NO_OWNER) != 0 ||
         dbus_message_is_error(answer, DBUS_ERROR_NO_REPLY) != 0;
}

}  // namespace

DbusSilence::DbusSilence(const DbusContext& context, std::string owner, Handlers handlers)
    : context_(context), owner_(std::move(owner)), handlers_(std::move(handlers)) {
}

DbusSilence::Worth DbusSilence::weigh(DBusMessage* answer) {
  if (casts_doubt_on_owner(answer)) {
    handlers_.owner_doubted();
    return Worth::none;
  }
  // The bus refuses a call by its limits or its policy: the owner has not seen it.
  if (dbus::is_error(answer) && dbus::is_from_bus(answer)) {
    return Worth::none;
  }
  if (!silent_) {
    return Worth::counts;
  }
  silent_ = false;
  context_.log.write(runtime::Severity::notice,
                     "D-Bus: " + owner_ + " answers again: reading every instance");
  handlers_.ended();
  return Worth::read_anew;
}

void DbusSilence::begin(const std::string& missing) {
  if (std::exchange(silent_, true)) {
    return;
  }
  context_.log.write(runtime::Severity::warning,
                     "D-Bus: " + owner_ + " did not answer for " + missing +
                         ": the FIFO or the kernel decides until it answers again");
  context_.sink.observe(core::DbusSilent{});
}

}  // namespace batch_notifier::sources
