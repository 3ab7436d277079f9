// SPDX-License-Identifier: MIT
/// @file
/// Where the loader and its plugin log: to the system log, and on request to standard error too.
/// Neither may hold up the worker, so both drop rather than wait.
#pragma once

#include <string>

#include "loader/syslog_sink.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::loader {

/// The log of a supervisor or a worker.
class LoaderLog final : public runtime::Log {
 public:
  /// Writes to the system log; with `console` also to standard error; messages of severity `debug`
  /// only with `detail`.
  LoaderLog(bool console, bool detail);

  void write(runtime::Severity severity, const std::string& message) noexcept override;

 private:
  SyslogSink syslog_;
  bool console_;
  bool detail_;
};

}  // namespace batch_notifier::loader
