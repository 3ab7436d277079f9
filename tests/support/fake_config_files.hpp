// SPDX-License-Identifier: MIT
/// @file
/// Files that exist in a test only, and short ways to read a configuration from them.
#pragma once

#include <fnmatch.h>

#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "config/configuration.hpp"
#include "notifiers/notifier_factory.hpp"

namespace batch_notifier::tests {

/// Files in memory. Patterns know `*` and `?`; a path that ends in '/' is a directory.
class FakeFiles : public config::ConfigFiles {
 public:
  std::map<std::string, std::string> texts;      ///< By absolute path.
  std::map<std::string, std::string> variables;  ///< The environment.
  std::vector<std::string> unsuitable;           ///< Paths of executables and directories.
  std::vector<std::string> reads;                ///< What was read, in order.
  std::map<std::string, std::string> flaws;      ///< Of commands that are not root's alone.
  std::map<std::string, std::string> troubles;   ///< Of commands that cannot be run.
  std::vector<std::string> looked_at;            ///< Which commands were, in order.

  config::FileText read(const std::string& path) override {
    reads.push_back(path);
    config::FileText result;
    for (const std::string& other : unsuitable) {
      result.unsuitable = result.unsuitable || other == path;
    }
    const auto found = texts.find(path);
    if (found == texts.end()) {
      result.error = std::make_error_code(std::errc::no_such_file_or_directory);
    } else {
      result.text = found->second;
    }
    return result;
  }

  std::vector<std::string> expand(const std::string& directory,
                                  const std::string& pattern) override {
    const std::string whole = pattern.front() == '/' ? pattern : directory + "/" + pattern;
    std::vector<std::string> paths;
    for (const auto& [path, text] : texts) {
      if (fnmatch(whole.c_str(), path.c_str(), FNM_PATHNAME) == 0) {
        paths.push_back(path);
      }
    }
    return paths;
  }

  std::optional<std::string> environment(const std::string& name) override {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  }

  std::optional<std::string> command_flaw(const std::string& path) override {
    looked_at.push_back(path);
    const auto found = flaws.find(path);
    return found == flaws.end() ? std::nullopt : std::optional(found->second);
  }

  std::optional<std::string> command_trouble(const std::string& path) override {
    const auto found = troubles.find(path);
    return found == troubles.end() ? std::nullopt : std::optional(found->second);
  }

  std::optional<std::string> file_flaw(const std::string& path) override {
    return command_flaw(path);
  }

  std::optional<std::string> user_flaw(const core::UserName& name) override {
    return name.user == "nobody_knows" ? std::optional<std::string>("unknown user " + name.user)
                                       : std::nullopt;
  }
};

/// Path of the file that every test begins with.
inline constexpr const char* main_file = "/etc/keepalived/keepalived.conf";

/// Reads `text` as keepalived.conf of the node "node1".
inline config::Configuration read_text(const std::string& text) {
  FakeFiles files;
  files.texts[main_file] = text;
  return config::read_configuration(main_file, "node1", files, notifiers::notifier_kinds());
}

/// "LINE: MESSAGE" of each problem.
inline std::vector<std::string> problems_of(const config::Configuration& configuration) {
  std::vector<std::string> lines;
  for (const config::Problem& problem : configuration.problems) {
    lines.push_back(std::to_string(problem.location.line) + ": " + problem.message);
  }
  return lines;
}

}  // namespace batch_notifier::tests
