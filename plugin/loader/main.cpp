// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include <sys/stat.h>

#include "loader/config_test.hpp"
#include "loader/exit_status.hpp"
#include "loader/keepalived_parent.hpp"
#include "loader/limits.hpp"
#include "loader/loader_log.hpp"
#include "loader/options.hpp"
#include "loader/served.hpp"
#include "loader/signals.hpp"
#include "loader/supervisor.hpp"
#include "loader/worker.hpp"
#include "loader/worker_seat.hpp"
#include "runtime/close_descriptors.hpp"
#include "runtime/text.hpp"

namespace batch_notifier::loader {

namespace {

constexpr mode_t creation_mask = 027;

// Calls `body` with a log, and logs what it throws. Supervisor and workers each have a log of their
// own, so that each counts its own losses.
template <typename Result>
Result with_log(const Options& options, const std::function<Result(runtime::Log&)>& body) {
  LoaderLog log(options.log_console, options.log_detail);
  try {
    return body(log);
  } catch (const std::exception& error) {
    log.write(runtime::Severity::error, error.what());
    return exit_failed;
  }
}

std::variant<int, WorkerSeat> supervise_plugin(const Options& options, const ServedAnswer& answer,
                                               runtime::Log& log) {
  if (access(options.plugin_path.c_str(), R_OK) != 0) {
    log.write(runtime::Severity::error,
              "cannot read " + options.plugin_path + ": " + runtime::errno_text(errno));
    return exit_unreadable;
  }
  log.write(answer.severity, answer.message);
  for (const std::string& complaint : raise_limits()) {
    log.write(runtime::Severity::warning, complaint);
  }
  return supervise(log);
}

// Standard input, output and error are open afterwards, and nothing else: older versions of
// keepalived leave their own descriptors to their scripts, and would be kept from closing them.
void clean_descriptors() {
  runtime::close_descriptors(STDERR_FILENO + 1);
  int last = 0;
  do {
    last = open("/dev/null", O_RDWR);
  } while (last >= 0 && last <= STDERR_FILENO);
  close(last);
}

// At once, and for as long as the loader lives: keepalived throws its FIFO away at a reload, with
// the lines in it, unless another process has it open, and a worker may crash. None where it cannot
// be had; the plugin looks for it then.
runtime::UniqueFd hold_fifo(const std::string& path) {
  return path.empty() ? runtime::UniqueFd()
                      : runtime::UniqueFd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC |
                                                                 O_NOFOLLOW | O_NOCTTY));
}

int run(const Options& options) {
  clean_descriptors();
  const runtime::UniqueFd fifo = hold_fifo(options.fifo_path);
  umask(creation_mask);
  reset_signal_actions();
  const KeepalivedParent keepalived = find_keepalived();
  const ServedAnswer answer = find_served(options, keepalived);
  const auto started =
      std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
  std::variant<int, WorkerSeat> outcome = with_log<std::variant<int, WorkerSeat>>(
      options, [&](runtime::Log& log) { return supervise_plugin(options, answer, log); });
  WorkerSeat* const seat = std::get_if<WorkerSeat>(&outcome);
  if (seat == nullptr) {
    return std::get<int>(outcome);
  }
  const int status = with_log<int>(options, [&](runtime::Log& log) {
    return run_worker(options, answer.served, {keepalived.end.get(), -1, fifo.get()}, started,
                      *seat, log);
  });
  seat->note_exit(status);
  return status;
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
