// SPDX-License-Identifier: MIT
/// @file
/// Files to lines, as keepalived's own reader makes them: without comments, for this node only,
/// definitions replaced, sequences written out, included files in their place, and braces on lines
/// of their own. Files stand on one stack; definitions of several lines and sequences, which make
/// lines out of lines, on another, which is emptied first. So files that a sequence includes are
/// all opened before the first line of any is read, the last one first, as in keepalived.
///
/// keepalived skips `@batch_notifier` lines as another node's; here they come out marked.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config_files.hpp"
#include "config/definitions.hpp"
#include "config/problem.hpp"
#include "config/sequence.hpp"

namespace batch_notifier::config {

/// Whether a line is a setting: begins with the mark as a word of its own.
bool is_setting(std::string_view text);

/// One line of the configuration.
struct Line {
  core::SourceLocation location;  ///< Where it stands, or where what it was made from stands.
  std::string text;               ///< Never empty, unless it is a setting; "{", "}" or words.
  bool setting = false;           ///< `text` is what follows `@batch_notifier`.
};

/// Reads a configuration line by line. What it makes of hostile input is limited: lines, files,
/// their nesting.
class LineReader {
 public:
  /// Lines that are read or made in all.
  static constexpr std::size_t most_lines = 1'000'000;
  /// Files that are opened in all.
  static constexpr std::size_t most_files = 10'000;
  /// Bytes of all included files together.
  static constexpr std::size_t most_bytes = 256U << 20U;
  /// Files that include one another.
  static constexpr std::size_t deepest_include = 32;

  /// Opens `path`. `files` and `problems` must outlive this. Throws std::system_error if the file
  /// cannot be read.
  LineReader(const std::string& path, const std::string& config_id, ConfigFiles& files,
             Problems& problems);

  /// The next line; nothing at the end.
  std::optional<Line> next();

 private:
  // Files that one include named, one of which is open.
  struct FileSource {
    std::vector<std::string> paths;
    std::size_t next_path = 0;
    core::SourceLocation included_at;
    core::SourceLocation location;
    std::string directory;
    std::string text;
    std::size_t offset = 0;
  };
  struct LinesSource {
    std::shared_ptr<const Lines> lines;
    core::SourceLocation location;
    std::size_t next = 0;
  };
  struct SequenceSource {
    Sequence sequence;
    core::SourceLocation location;
  };
  using Generator = std::variant<LinesSource, SequenceSource>;

  std::optional<Line> read_raw();
  static bool is_being_read(const FileSource& source);
  bool read_raw_line(Line& line);
  bool read_file(FileSource& source, Line& line);
  void read_file_line(FileSource& source, Line& line);
  bool generate(LinesSource& source, Line& line);
  bool generate(SequenceSource& source, Line& line);
  bool open_next_file(FileSource& source);
  bool continue_definition(const Line& line);
  void process(Line& line);
  bool is_for_this_node(std::string& text) const;
  void report_misspelt_mark(const Line& line);
  void read_setting(Line& line);
  bool substitute(Line& line, bool several_lines);
  void push(Generator generator, const core::SourceLocation& location);
  bool include(const Line& line);
  void split_at_brace(Line& line);
  void stop(const core::SourceLocation& location, const std::string& message);
  void open_included(const core::SourceLocation& location, std::vector<std::string> paths);
  [[nodiscard]] std::string directory() const;

  std::string config_id_;
  ConfigFiles& files_;
  Problems& problems_;
  Definitions definitions_;
  std::vector<FileSource> open_files_;
  std::vector<Generator> generators_;
  std::optional<Line> rest_of_line_;
  std::string open_definition_;
  std::size_t lines_ = 0;
  std::size_t files_opened_ = 0;
  std::size_t bytes_ = 0;
  bool stopped_ = false;
};

}  // namespace batch_notifier::config
