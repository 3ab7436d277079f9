// SPDX-License-Identifier: MIT
/// @file
/// `append_file`: one batch per line, for log shippers and people. A disk that hangs would hang the
/// process that writes to it, so a child does the writing. The file is opened anew for each line,
/// so it may be rotated at any time.
#pragma once

#include <string>

#include "notifiers/child_notifier.hpp"

namespace batch_notifier::notifiers {

/// Appends each batch as JSON and a newline: whole or not at all. Lines of other writers that use
/// flock(2), another plugin's too, stay whole as well. What a crash has left of a line is closed
/// with a newline. The line is in the kernel's hands then, not on the disk (no fsync): waiting for
/// the disk is what this is to avoid.
class AppendFile final : public ChildNotifier {
 public:
  /// `settings.target` is the file, made with mode 0640 if need be; anything that is not a regular
  /// file is left alone. Under script security root writes only what is root's alone; without it,
  /// no file behind a link that others could have placed. Throws std::runtime_error with the place
  /// of the setting when its user is unknown.
  AppendFile(runtime::EventLoop& loop, runtime::Log& log, const core::NotifierSettings& settings);

 private:
  [[nodiscard]] runtime::ChildPlan plan(const core::Batch& batch) const override;
  [[nodiscard]] core::DeliveryResult judge(int status, const std::string& reason) const override;

  std::string path_;
  bool script_security_;
};

}  // namespace batch_notifier::notifiers
