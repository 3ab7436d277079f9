// SPDX-License-Identifier: MIT
#include "tests/support/private_bus.hpp"

#include <csignal>
#include <filesystem>
#include <stdexcept>

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
                                           "--config-file=" + directory_.file("bus.conf")});
  if (!wait_until([this] { return std::filesystem::exists(socket_path()); })) {
    throw std::runtime_error("dbus-daemon does not listen on " + socket_path());
  }
}

void PrivateBus::freeze() {
  daemon_->signal(SIGSTOP);
}

void PrivateBus::thaw() {
  daemon_->signal(SIGCONT);
}

}  // namespace batch_notifier::tests
