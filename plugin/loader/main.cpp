// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>

#include <sys/stat.h>

#include "loader/config_test.hpp"
#include "loader/exit_status.hpp"
#include "loader/loader_log.hpp"
#include "loader/options.hpp"
#include "loader/signals.hpp"
#include "loader/supervisor.hpp"
#include "loader/worker.hpp"

namespace batch_notifier::loader {

namespace {

constexpr mode_t creation_mask = 027;

// In the supervisor and, after each of its forks, in the workers.
int run(const Options& options) {
  umask(creation_mask);
  reset_signal_actions();
  LoaderLog log(options.log_console, options.log_detail);
  try {
    if (access(options.plugin_path.c_str(), R_OK) != 0) {
      log.write(runtime::Severity::error,
                "cannot read " + options.plugin_path + ": " + std::strerror(errno));
      return exit_unreadable;
    }
    const std::optional<int> status = supervise(log);
    return status ? *status : run_worker(options, log);
  } catch (const std::exception& error) {
    log.write(runtime::Severity::error, error.what());
    return exit_failed;
  }
}

int run(int argc, char** argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options) {
    return exit_bad_usage;
  }
  switch (options->action) {
    case Action::help:
      std::fputs(usage(), stdout);
      return exit_stopped;
    case Action::version:
      std::puts("keepalived-plugin-loader " BATCH_NOTIFIER_VERSION);
      return exit_stopped;
    case Action::config_test:
      return test_config(*options);
    case Action::run:
      break;
  }
  return run(*options);
}

}  // namespace

}  // namespace batch_notifier::loader

int main(int argc, char** argv) {
  try {
    return batch_notifier::loader::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "keepalived-plugin-loader: %s\n", error.what());
    return batch_notifier::loader::exit_failed;
  }
}
