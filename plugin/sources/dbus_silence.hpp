// SPDX-License-Identifier: MIT
/// @file
/// Whether one owner of the service answers. A reading of all instances and a question about a
/// single one can both remain unanswered, and what ends the silence is the same for both: an
/// answer of the owner itself. A signal does not end it. A bus that hung delivers the signals of
/// a keepalived that has ended meanwhile, and an error that the bus makes up in its place shows at
/// most that the owner may be another by now.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <dbus/dbus.h>

#include "sources/dbus_context.hpp"

namespace batch_notifier::sources {

/// The silence of one owner, which begins and ends. Reports each once.
class DbusSilence {
 public:
  /// Whom it tells, from the event loop. None may destroy the object.
  struct Handlers {
    std::function<void()> ended;          ///< It answers again: everything is to be read anew.
    std::function<void()> owner_doubted;  ///< The bus answers for it: ask who owns the name.
  };

  /// What an answer is good for.
  enum class Worth : std::uint8_t {
    counts,     ///< The owner's answer to the question.
    none,       ///< The owner has not answered: its question stays open.
    read_anew,  ///< The owner's first answer after a silence; Handlers::ended was called.
  };

  /// `owner` is a unique name. The context must outlive the object.
  DbusSilence(const DbusContext& context, std::string owner, Handlers handlers);

  /// Weighs the answer to any question that was put to the owner.
  Worth weigh(DBusMessage* answer);

  /// No answer has come in time. Logs it, with `missing` to tell what for and how long, and reports
  /// DbusSilent, unless it is silent already.
  void begin(const std::string& missing);

  /// Whether it is silent.
  [[nodiscard]] bool silent() const { return silent_; }

 private:
  const DbusContext context_;
  const std::string owner_;
  const Handlers handlers_;
  bool silent_ = false;
};

}  // namespace batch_notifier::sources
