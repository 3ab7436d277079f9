// SPDX-License-Identifier: MIT
#include "dbus/connection.hpp"

#include <poll.h>

#include <algorithm>
#include <new>
#include <utility>

#include <sys/epoll.h>

#include "dbus/messages.hpp"

namespace batch_notifier::dbus {

namespace {

/// How often libdbus reads, some 2 KiB or a dozen signals at a time, before the loop's other users
/// get their turn. More than once, so that a burst is taken in at one go.
constexpr int readings_per_round = 32;

/// How many messages are handed on at a time.
constexpr int messages_per_dispatch = 256;

/// How long to leave libdbus alone when it has run out of memory.
constexpr core::Duration memory_pause{100'000};

/// A DBusError that frees itself.
class Error {
 public:
  Error() { dbus_error_init(&error_); }
  Error(const Error&) = delete;
  Error& operator=(const Error&) = delete;
  ~Error() { dbus_error_free(&error_); }

  DBusError* out() { return &error_; }
  [[nodiscard]] std::string text() const {
    return error_.message != nullptr ? error_.message : "unknown error";
  }

 private:
  DBusError error_{};
};

constexpr unsigned int readable = DBUS_WATCH_READABLE;
constexpr unsigned int writable = DBUS_WATCH_WRITABLE;
constexpr unsigned int failed = DBUS_WATCH_ERROR;
constexpr unsigned int hung_up = DBUS_WATCH_HANGUP;

unsigned int to_dbus_flags(std::uint32_t events) {
  return ((events & EPOLLIN) != 0 ? readable : 0U) | ((events & EPOLLOUT) != 0 ? writable : 0U) |
         ((events & EPOLLERR) != 0 ? failed : 0U) | ((events & EPOLLHUP) != 0 ? hung_up : 0U);
}

std::uint32_t to_events(unsigned int dbus_flags) {
  return ((dbus_flags & readable) != 0 ? std::uint32_t{EPOLLIN} : 0U) |
         ((dbus_flags & writable) != 0 ? std::uint32_t{EPOLLOUT} : 0U);
}

bool has_input(DBusWatch* watch) {
  pollfd descriptor{dbus_watch_get_unix_fd(watch), POLLIN, 0};
  return poll(&descriptor, 1, /*timeout=*/0) > 0;
}

}  // namespace

Connection::Connection(runtime::EventLoop& loop, const BusSocket& socket, core::Duration limit,
                       Listener& listener)
    : loop_(loop),
      socket_(socket),
      listener_(listener),
      limit_timer_(loop, [this] { listener_.disconnected("no answer from " + socket_.address()); }),
      work_timer_(loop, [this] { on_work(); }) {
  probe_.emplace(loop, socket_, [this] { open(); });
  limit_timer_.set(runtime::read_clocks().monotonic + limit);
}

Connection::~Connection() {
  if (connection_ != nullptr) {
    dbus_connection_set_dispatch_status_function(connection_, nullptr, nullptr, nullptr);
    dbus_connection_close(connection_);
    dbus_connection_unref(connection_);
  }
}

void Connection::open() {
  probe_.reset();
  // Where libdbus cannot write with MSG_NOSIGNAL it would ignore SIGPIPE for the whole process,
  // whose signal handlers are the host's.
  dbus_connection_set_change_sigpipe(FALSE);
  Error error;
  connection_ = dbus_connection_open_private(socket_.address().c_str(), error.out());
  if (connection_ == nullptr) {
    listener_.disconnected(error.text());
    return;
  }
  dbus_connection_set_exit_on_disconnect(connection_, FALSE);
  dbus_connection_set_dispatch_status_function(connection_, note_dispatch_status, this, nullptr);
  if (dbus_connection_add_filter(connection_, filter, this, nullptr) == 0 ||
      dbus_connection_set_watch_functions(connection_, add_watch, remove_watch, toggle_watch, this,
                                          nullptr) == 0) {
    throw std::bad_alloc();
  }
  hello_serial_ = send(*make_bus_call("Hello", nullptr));
}

const char* Connection::unique_name() const {
  return dbus_bus_get_unique_name(connection_);
}

std::uint32_t Connection::send(DBusMessage& message) {
  dbus_uint32_t serial = 0;
  if (dbus_connection_send(connection_, &message, &serial) == 0) {
    throw std::bad_alloc();
  }
  if (unwatched_) {
    work_timer_.set(runtime::read_clocks().monotonic);
  }
  return serial;
}

void Connection::abandon(const std::string& reason) {
  if (!lost_) {
    lost_ = reason;
  }
  work_timer_.set(runtime::read_clocks().monotonic);
}

void Connection::on_ready(std::uint32_t events) {
  for (int reading = 0; reading < readings_per_round; ++reading) {
    // A handler may remove watches, which is why the vector is asked anew each time.
    for (std::size_t index = 0; index < watches_.size(); ++index) {
      if (dbus_watch_get_enabled(watches_[index]) != 0) {
        // False means out of memory: the descriptor stays ready, so it is tried again.
        dbus_watch_handle(watches_[index], to_dbus_flags(events));
      }
    }
    dispatch();
    if (lost_ || thrown_ || watches_.empty() || !has_input(watches_.front())) {
      break;
    }
  }
  finish_round();
}

void Connection::on_work() {
  dispatch();
  finish_round();
}

void Connection::dispatch() {
  for (int count = 0;
       count < messages_per_dispatch && !lost_ && !thrown_ &&
       dbus_connection_get_dispatch_status(connection_) == DBUS_DISPATCH_DATA_REMAINS;
       ++count) {
    dbus_connection_dispatch(connection_);
  }
}

void Connection::finish_round() {
  const core::MonotonicTime now = runtime::read_clocks().monotonic;
  if (thrown_) {
    work_timer_.set(now);
    std::rethrow_exception(std::exchange(thrown_, nullptr));
  }
  if (lost_ || unwatched_) {
    listener_.disconnected(lost_.value_or("the connection to the bus cannot be polled"));
    return;
  }
  switch (dbus_connection_get_dispatch_status(connection_)) {
    case DBUS_DISPATCH_DATA_REMAINS:
      work_timer_.set(now);
      break;
    case DBUS_DISPATCH_NEED_MEMORY:
      work_timer_.set(now + memory_pause);
      break;
    case DBUS_DISPATCH_COMPLETE:
      work_timer_.cancel();
      break;
  }
}

bool Connection::take(DBusMessage* message) {
  if (dbus_message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected") != 0) {
    abandon("the bus has closed the connection to " + socket_.address());
    return true;
  }
  if (hello_serial_ != 0) {
    if (dbus_message_get_reply_serial(message) == hello_serial_ && is_from_bus(message)) {
      take_hello(message);
    }
    return true;
  }
  return listener_.received(message);
}

void Connection::take_hello(DBusMessage* answer) {
  const std::optional<std::string_view> name = parse_string(answer);
  if (is_error(answer) || !name) {
    const char* error = dbus_message_get_error_name(answer);
    abandon("the bus at " + socket_.address() +
            " refused us: " + (error != nullptr ? error : "malformed answer to Hello"));
    return;
  }
  // Without it the library would not know its own name, as after dbus_bus_register().
  if (dbus_bus_set_unique_name(connection_, name->data()) == 0) {
    throw std::bad_alloc();
  }
  hello_serial_ = 0;
  limit_timer_.cancel();
  listener_.connected();
}

void Connection::watch_again() {
  std::uint32_t events = 0;
  for (DBusWatch* watch : watches_) {
    events |= dbus_watch_get_enabled(watch) != 0 ? to_events(dbus_watch_get_flags(watch)) : 0U;
  }
  if (watches_.empty()) {
    fd_watch_.reset();
  } else if (fd_watch_) {
    fd_watch_->set_events(events);
  } else {
    fd_watch_.emplace(
        loop_, dbus_watch_get_unix_fd(watches_.front()), events,
        [this](std::uint32_t ready) { on_ready(ready); }, runtime::Pace::gathered);
  }
}

dbus_bool_t Connection::add_watch(DBusWatch* watch, void* self) noexcept {
  auto& me = *static_cast<Connection*>(self);
  try {
    me.watches_.push_back(watch);
    me.watch_again();
    return TRUE;
  } catch (...) {
    me.watches_.erase(std::remove(me.watches_.begin(), me.watches_.end(), watch),
                      me.watches_.end());
    return FALSE;
  }
}

void Connection::remove_watch(DBusWatch* watch, void* self) noexcept {
  auto& me = *static_cast<Connection*>(self);
  me.watches_.erase(std::remove(me.watches_.begin(), me.watches_.end(), watch), me.watches_.end());
  toggle_watch(watch, self);
}

void Connection::toggle_watch(DBusWatch* /*watch*/, void* self) noexcept {
  auto& me = *static_cast<Connection*>(self);
  try {
    me.watch_again();
  } catch (...) {
    me.unwatched_ = true;
  }
}

void Connection::note_dispatch_status(DBusConnection* /*connection*/, DBusDispatchStatus status,
                                      void* self) noexcept {
  auto& me = *static_cast<Connection*>(self);
  try {
    // Dispatching from in here is forbidden.
    if (status != DBUS_DISPATCH_COMPLETE) {
      me.work_timer_.set(runtime::read_clocks().monotonic);
    }
  } catch (...) {
    me.thrown_ = std::current_exception();
  }
}

DBusHandlerResult Connection::filter(DBusConnection* /*connection*/, DBusMessage* message,
                                     void* self) noexcept {
  auto& me = *static_cast<Connection*>(self);
  try {
    return me.take(message) ? DBUS_HANDLER_RESULT_HANDLED : DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
  } catch (...) {
    // Goes to whoever dispatches the loop, once libdbus is off the stack.
    me.thrown_ = std::current_exception();
    return DBUS_HANDLER_RESULT_HANDLED;
  }
}

}  // namespace batch_notifier::dbus
