// SPDX-License-Identifier: MIT
#include "loader/config_test.hpp"

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "loader/exit_status.hpp"
#include "loader/host.hpp"
#include "loader/plugin_library.hpp"
#include "loader/plugin_security.hpp"
#include "loader/served.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::loader {

namespace {

class StandardError final : public runtime::Log {
 public:
  void write(runtime::Severity /*severity*/, const std::string& message) noexcept override {
    std::fprintf(stderr, "keepalived-plugin-loader: %s\n", message.c_str());
  }
};

void print_problem(void* /*context*/, const char* file, std::size_t line, const char* message) {
  if (line == 0) {
    std::printf("%s: %s\n", file, message);
  } else {
    std::printf("%s:%zu: %s\n", file, line, message);
  }
}

}  // namespace

int test_config(const Options& options) {
  StandardError log;
  try {
    // Started by a person or an editor: no keepalived is looked for.
    const Served served = find_served(options, {}).served;
    require_secure_plugin(options.plugin_path, served, log);
    const PluginLibrary library(options.plugin_path);
    const KeepalivedPluginHost host =
        make_host(options, served, nullptr, {}, core::MonotonicTime(), log);
    const int problems = library.descriptor().check_config(&host, print_problem);
    if (std::fflush(stdout) != 0) {
      log.write(runtime::Severity::error, "cannot write to standard output");
      return exit_failed;
    }
    if (problems < 0) {
      return problems == -ENOMEM ? exit_failed : exit_unreadable;
    }
    return problems == 0 ? exit_stopped : exit_config_errors;
  } catch (const std::runtime_error& error) {
    log.write(runtime::Severity::error, error.what());
    return exit_unreadable;
  }
}

}  // namespace batch_notifier::loader
