// SPDX-License-Identifier: MIT
/// @file
/// keepalived's `$NAME=value` definitions. A value is not looked at until it is used, may name
/// others and itself, and may be several lines long: so one line can become many, or grow for ever,
/// which is why every step here has a limit.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_files.hpp"

namespace batch_notifier::config {

/// Lines that stand behind one another.
using Lines = std::vector<std::string>;

/// What substituting did to a line.
struct Substitution {
  bool changed = false;  ///< Something was replaced.
  bool endless = false;  ///< Given up: too many replacements, or the line became too long.
  /// The further lines of definitions of several lines, the one to be read first at the end.
  std::vector<std::shared_ptr<const Lines>> continuations;
};

/// All definitions in force at a point of the configuration.
class Definitions {
 public:
  /// keepalived's longest line, in bytes.
  static constexpr std::size_t longest_line = 1022;

  /// Starts with the built-in ones. `files` is asked for the environment and must outlive this.
  Definitions(const std::string& config_id, ConfigFiles& files);

  /// If `line` has the form `$NAME=…`, takes it as a definition and returns the name.
  std::optional<std::string> define(std::string_view line);

  /// Whether the definition goes on with the next line: its last one ended in a backslash.
  [[nodiscard]] bool continues(const std::string& name) const;

  /// Adds the next line to a definition that continues; a line without backslash is its last.
  void add_line(const std::string& name, std::string_view line);

  /// Ends a definition that continues.
  void finish(const std::string& name);

  /// Gives a name one value, as `~SEQ` and `~LST` do.
  void set(const std::string& name, const std::string& value);

  /// Replaces every `$NAME` and `${NAME}` in `line`. `directory` stands for `_PWD`. Definitions of
  /// several lines count only at the end of a line, and only if `several_lines`.
  Substitution substitute(std::string& line, const std::string& directory, bool several_lines);

 private:
  struct Definition {
    Lines lines;
    bool several_lines = false;
    bool open = false;
  };
  struct Reference {
    std::string_view name;
    std::string_view parameters;
    std::size_t length = 0;
  };
  struct Value {
    std::string text;
    std::shared_ptr<const Lines> rest;
  };

  static std::optional<Reference> parse_reference(std::string_view text);
  std::optional<Value> look_up(const Reference& reference, const std::string& directory,
                               bool several_lines) const;
  std::optional<std::string> built_in(const Reference& reference,
                                      const std::string& directory) const;

  std::string config_id_;
  ConfigFiles& files_;
  std::map<std::string, Definition, std::less<>> definitions_;
  std::size_t replacements_left_;
};

}  // namespace batch_notifier::config
