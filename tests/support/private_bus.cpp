// SPDX-License-Identifier: MIT
#include "tests/support/private_bus.hpp"

#include <csignal>
#include <filesystem>
#include <stdexcept>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "runtime/unique_fd.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

PrivateBus::PrivateBus() {
  write_file(directory_.file("bus.conf"),
             "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
             " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
             "<busconfig>\n"
             "  <listen>" +
                 address() +
                 "</listen>\n"
                 "  <auth>EXTERNAL</auth>\n"
                 "  <policy context=\"default\">\n"
                 "    <allow send_destination=\"*\" eavesdrop=\"true\"/>\n"
                 "    <allow eavesdrop=\"true\"/>\n"
                 "    <allow own=\"*\"/>\n"
                 "    <allow send_requested_reply=\"false\" send_type=\"method_return\"/>\n"
                 "    <allow receive_requested_reply=\"false\" receive_type=\"method_return\"/>\n"
                 "  </policy>\n"
                 "</busconfig>\n");
  start();
}

void PrivateBus::kill() {
  daemon_.reset();
}

void PrivateBus::start() {
  // What a killed daemon leaves behind would look like a listening one.
  std::filesystem::remove(socket_path());
  daemon_.emplace(std::vector<std::string>{"dbus-daemon", "--nofork", "--nosyslog", "--nopidfile",
                                           "--config-file=" + directory_.file("bus.conf")},
                  directory_.file("bus.log"));
  if (!wait_until([this] { return knock(); })) {
    throw std::runtime_error("dbus-daemon does not listen on " + socket_path());
  }
}

bool PrivateBus::knock() const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path().copy(address.sun_path, sizeof(address.sun_path) - 1);
  const runtime::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

void PrivateBus::freeze() {
  daemon_->signal(SIGSTOP);
  waitpid(daemon_->pid(), nullptr, WUNTRACED);
}

void PrivateBus::thaw() {
  daemon_->signal(SIGCONT);
}

}  // namespace batch_notifier::tests
