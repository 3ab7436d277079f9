// SPDX-License-Identifier: MIT
#include "loader/options.hpp"

#include <getopt.h>

#include <array>
#include <cstdio>

namespace batch_notifier::loader {

namespace {

constexpr int max_operands = 2;

std::nullopt_t refuse(const char* complaint) {
  if (complaint != nullptr) {
    std::fprintf(stderr, "keepalived-plugin-loader: %s\n", complaint);
  }
  std::fputs("Try 'keepalived-plugin-loader --help' for more information.\n", stderr);
  return std::nullopt;
}

constexpr const char* letters = "f:i:n:s:tlDhv";
constexpr std::array<option, 10> long_options{{
    {"config", required_argument, nullptr, 'f'},
    {"config-id", required_argument, nullptr, 'i'},
    {"namespace", required_argument, nullptr, 'n'},
    {"state-dir", required_argument, nullptr, 's'},
    {"config-test", no_argument, nullptr, 't'},
    {"log-console", no_argument, nullptr, 'l'},
    {"log-detail", no_argument, nullptr, 'D'},
    {"help", no_argument, nullptr, 'h'},
    {"version", no_argument, nullptr, 'v'},
    {nullptr, 0, nullptr, 0},
}};

// False for a letter that is no option; getopt_long has named it on standard error.
bool take_option(int letter, Options& options) {
  switch (letter) {
    case 'f':
      options.config_path = optarg;
      return true;
    case 'i':
      options.config_id = optarg;
      return true;
    case 'n':
      options.net_namespace = optarg;
      return true;
    case 's':
      options.state_dir = optarg;
      return true;
    case 't':
      options.action = Action::config_test;
      return true;
    case 'l':
      options.log_console = true;
      return true;
    case 'D':
      options.log_detail = true;
      return true;
    case 'h':
      options.action = Action::help;
      return true;
    case 'v':
      options.action = Action::version;
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv) {
  Options options;
  int letter = 0;
  while ((letter = getopt_long(argc, argv, letters, long_options.data(), nullptr)) != -1) {
    if (!take_option(letter, options)) {
      return refuse(nullptr);
    }
    if (options.action == Action::help || options.action == Action::version) {
      return options;
    }
  }
  const int operands = argc - optind;
  if (operands < 1) {
    return refuse("no plugin given");
  }
  if (operands > max_operands) {
    return refuse("too many arguments");
  }
  options.plugin_path = argv[optind];
  if (operands == max_operands) {
    options.fifo_path = argv[optind + 1];
  }
  return options;
}

const char* usage() {
  return "Usage: keepalived-plugin-loader [OPTION]... PLUGIN.so [FIFO]\n"
         "Load a keepalived plugin and keep it running; keepalived starts this.\n"
         "\n"
         "  -f, --config FILE     keepalived.conf to read (the one that keepalived was\n"
         "                        started with, else /etc/keepalived/keepalived.conf)\n"
         "  -i, --config-id ID    keepalived's config id (the one that it was started\n"
         "                        with, else the host name)\n"
         "  -n, --namespace NAME  the network namespace that keepalived was started with\n"
         "  -s, --state-dir DIR   where the ledger lives\n"
         "                        (/run/keepalived-batch-notifier)\n"
         "  -t, --config-test     read the configuration, print every problem as\n"
         "                        FILE:LINE: text, exit\n"
         "  -l, --log-console     log to standard error as well as syslog\n"
         "  -D, --log-detail      log every observation\n"
         "  -h, --help            print this and exit\n"
         "  -v, --version         print the version and exit\n"
         "\n"
         "Exit status: 0 stopped cleanly, 1 failed, 2 bad usage, 4 a file cannot be read\n"
         "or loaded, 5 the configuration has errors (with -t only).\n";
}

}  // namespace batch_notifier::loader
