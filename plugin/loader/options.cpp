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

}  // namespace

std::optional<Options> parse_options(int argc, char** argv) {
  static constexpr std::array<option, 10> long_options{{
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
  Options options;
  int letter = 0;
  while ((letter = getopt_long(argc, argv, "f:i:n:s:tlDhv", long_options.data(), nullptr)) != -1) {
    switch (letter) {
      case 'f':
        options.config_path = optarg;
        break;
      case 'i':
        options.config_id = optarg;
        break;
      case 'n':
        options.net_namespace = optarg;
        break;
      case 's':
        options.state_dir = optarg;
        break;
      case 't':
        options.action = Action::config_test;
        break;
      case 'l':
        options.log_console = true;
        break;
      case 'D':
        options.log_detail = true;
        break;
      case 'h':
        options.action = Action::help;
        return options;
      case 'v':
        options.action = Action::version;
        return options;
      default:
        // getopt_long has named the culprit.
        return refuse(nullptr);
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
