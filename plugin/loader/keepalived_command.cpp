// SPDX-License-Identifier: MIT
#include "loader/keepalived_command.hpp"

#include <getopt.h>

#include <array>

namespace batch_notifier::loader {

namespace {

/// An option of which nothing is needed but whether the next word belongs to it.
constexpr int of_no_use = 1;

// Every option of the versions 2.1 to 2.4, whatever they were built with: an option that is missing
// here would have its argument taken for something else. The colon in front keeps getopt_long(3)
// from printing.
constexpr const char* short_options = ":vhlndu:DRS:f:p:i:es:mM::g::Gt::PCr:VXac:ITBb:xA:LO";

constexpr std::array<option, 42> long_options{{
    {"use-file", required_argument, nullptr, 'f'},
    {"config-id", required_argument, nullptr, 'i'},
    {"namespace", required_argument, nullptr, 's'},
    {"vrrp", no_argument, nullptr, of_no_use},
    {"check", no_argument, nullptr, of_no_use},
    {"no_bfd", no_argument, nullptr, of_no_use},
    {"all", no_argument, nullptr, of_no_use},
    {"log-console", no_argument, nullptr, of_no_use},
    {"log-detail", no_argument, nullptr, of_no_use},
    {"log-facility", required_argument, nullptr, of_no_use},
    {"log-file", optional_argument, nullptr, of_no_use},
    {"flush-log-file", no_argument, nullptr, of_no_use},
    {"all-config", no_argument, nullptr, of_no_use},
    {"no-syslog", no_argument, nullptr, of_no_use},
    {"umask", required_argument, nullptr, of_no_use},
    {"release-vips", no_argument, nullptr, of_no_use},
    {"dont-release-vrrp", no_argument, nullptr, of_no_use},
    {"dont-release-ipvs", no_argument, nullptr, of_no_use},
    {"dont-respawn", no_argument, nullptr, of_no_use},
    {"dont-fork", no_argument, nullptr, of_no_use},
    {"dump-conf", no_argument, nullptr, of_no_use},
    {"pid", required_argument, nullptr, of_no_use},
    {"vrrp_pid", required_argument, nullptr, of_no_use},
    {"checkers_pid", required_argument, nullptr, of_no_use},
    {"bfd_pid", required_argument, nullptr, of_no_use},
    {"genhash", no_argument, nullptr, of_no_use},
    {"address-monitoring", no_argument, nullptr, of_no_use},
    {"snmp", no_argument, nullptr, of_no_use},
    {"snmp-agent-socket", required_argument, nullptr, of_no_use},
    {"core-dump", no_argument, nullptr, of_no_use},
    {"core-dump-pattern", optional_argument, nullptr, of_no_use},
    {"no-mem-check", no_argument, nullptr, of_no_use},
    {"mem-check-log", no_argument, nullptr, of_no_use},
    {"signum", required_argument, nullptr, of_no_use},
    {"config-test", optional_argument, nullptr, of_no_use},
    {"config-fd", required_argument, nullptr, of_no_use},
    {"ignore-sigint", no_argument, nullptr, of_no_use},
    {"perf", optional_argument, nullptr, of_no_use},
    {"debug", optional_argument, nullptr, of_no_use},
    {"version", no_argument, nullptr, of_no_use},
    {"help", no_argument, nullptr, of_no_use},
    {nullptr, 0, nullptr, 0},
}};

}  // namespace

KeepalivedCommand parse_keepalived_command(const std::vector<std::string>& words) {
  // A copy, because getopt_long(3) moves the words about.
  std::vector<std::string> texts = words;
  std::vector<char*> arguments;
  arguments.reserve(texts.size() + 1);
  for (std::string& text : texts) {
    arguments.push_back(text.data());
  }
  arguments.push_back(nullptr);
  KeepalivedCommand command;
  // 0 makes the GNU C library begin anew; others take it for 1.
  optind = 0;
  int letter = 0;
  while ((letter = getopt_long(static_cast<int>(texts.size()), arguments.data(), short_options,
                               long_options.data(), nullptr)) != -1) {
    // keepalived refuses an empty argument.
    if (optarg == nullptr || *optarg == '\0') {
      continue;
    }
    if (letter == 'f') {
      command.config_file = optarg;
    } else if (letter == 'i') {
      command.config_id = optarg;
    } else if (letter == 's') {
      command.net_namespace = optarg;
    }
  }
  return command;
}

}  // namespace batch_notifier::loader
