// SPDX-License-Identifier: MIT
/// @file
/// The only way from the configuration reader to the world outside. With a fake behind it, every
/// test and every fuzzed input runs without touching a disk.
#pragma once

#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "core/settings.hpp"

namespace batch_notifier::config {

/// What came of reading a file.
struct FileText {
  std::string text;       ///< All of it.
  std::error_code error;  ///< Why there is none.
  /// It is there, but not a regular file without execute permission: keepalived reads no other.
  bool unsuitable = false;
};

/// Files, wildcards, the environment and commands, as the configuration reader sees them.
class ConfigFiles {
 public:
  virtual ~ConfigFiles() = default;

  /// Reads a file at one go.
  virtual FileText read(const std::string& path) = 0;

  /// The paths that match a pattern of glob(7), braces included, in order. A relative pattern
  /// starts at `directory`. Nothing if there is no match or a directory cannot be read.
  virtual std::vector<std::string> expand(const std::string& directory,
                                          const std::string& pattern) = 0;

  /// An environment variable, for `${_ENV NAME}`; nothing if it is not set.
  virtual std::optional<std::string> environment(const std::string& name) = 0;

  /// Why users other than root can change a command, an absolute path; nothing if only root can.
  /// One that is missing or out of reach is no worse than without script security: its execution
  /// fails, and is tried again.
  virtual std::optional<std::string> command_flaw(const std::string& path) = 0;

  /// Why this command, an absolute path, cannot be run by anybody: it "does not exist" …; nothing
  /// if it can, or if it cannot be looked at.
  virtual std::optional<std::string> command_trouble(const std::string& path) = 0;

  /// The same as command_flaw() of a file that root writes, and that may be missing.
  virtual std::optional<std::string> file_flaw(const std::string& path) = 0;

  /// Why nothing can run as this user; nothing if something can. May ask the name service.
  virtual std::optional<std::string> user_flaw(const core::UserName& name) = 0;
};

/// The real ones.
class DiskFiles : public ConfigFiles {
 public:
  /// Larger files are refused: no configuration is so large, and its memory would be the host's.
  static constexpr std::size_t largest_file = 64U << 20U;

  FileText read(const std::string& path) override;
  std::vector<std::string> expand(const std::string& directory,
                                  const std::string& pattern) override;
  std::optional<std::string> environment(const std::string& name) override;
  std::optional<std::string> command_flaw(const std::string& path) override;
  std::optional<std::string> command_trouble(const std::string& path) override;
  std::optional<std::string> file_flaw(const std::string& path) override;
  std::optional<std::string> user_flaw(const core::UserName& name) override;
};

}  // namespace batch_notifier::config
