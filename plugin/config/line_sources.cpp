// SPDX-License-Identifier: MIT
// Where a LineReader gets its lines from: files, definitions of several lines and sequences.
#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "config/line_reader.hpp"
#include "config/words.hpp"

namespace batch_notifier::config {

namespace {

constexpr std::size_t most_generators = 1000;

constexpr const char* unsuitable_file = "is not a regular file without execute permission";

std::string directory_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

LineReader::LineReader(const std::string& path, const std::string& config_id, ConfigFiles& files,
                       Problems& problems)
    : config_id_(config_id), files_(files), problems_(problems), definitions_(config_id, files) {
  FileText main = files_.read(path);
  if (main.unsuitable) {
    throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                            path + " " + unsuitable_file);
  }
  if (main.error) {
    throw std::system_error(main.error, "cannot read " + path);
  }
  FileSource source;
  source.location.file = path;
  source.directory = directory_of(path);
  source.text = std::move(main.text);
  open_files_.push_back(std::move(source));
}

// Others wait: a sequence had them opened, and none of their lines includes anything yet.
bool LineReader::is_being_read(const FileSource& source) {
  return source.location.line > 0;
}

std::optional<Line> LineReader::read_raw() {
  Line line;
  while (!stopped_ && read_raw_line(line)) {
    if (++lines_ > most_lines) {
      stop(line.location, "more than " + std::to_string(most_lines) + " lines");
    } else if (!line.text.empty()) {
      return line;
    }
  }
  return std::nullopt;
}

// One line of whatever has one, which may be blank; false at the end of everything.
bool LineReader::read_raw_line(Line& line) {
  while (!generators_.empty()) {
    if (std::visit([&](auto& generator) { return generate(generator, line); },
                   generators_.back())) {
      return true;
    }
    generators_.pop_back();
  }
  while (!open_files_.empty()) {
    if (read_file(open_files_.back(), line)) {
      return true;
    }
    open_files_.pop_back();
  }
  return false;
}

bool LineReader::read_file(FileSource& source, Line& line) {
  while (source.offset >= source.text.size()) {
    if (!open_next_file(source)) {
      return false;
    }
  }
  read_file_line(source, line);
  return true;
}

void LineReader::read_file_line(FileSource& source, Line& line) {
  const std::size_t end = std::min(source.text.find('\n', source.offset), source.text.size());
  line.text.assign(source.text, source.offset, end - source.offset);
  source.offset = end + 1;
  ++source.location.line;
  line.location = source.location;
  if (line.text.size() > Definitions::longest_line) {
    problems_.add(line.location, "the line is longer than " +
                                     std::to_string(Definitions::longest_line) +
                                     " bytes, which keepalived cannot read; it is ignored");
    line.text.clear();
    return;
  }
  if (line.text.find('\0') != std::string::npos) {
    problems_.add(line.location, "the line holds a NUL byte; it is ignored");
    line.text.clear();
    return;
  }
  while (!line.text.empty() && line.text.back() == '\r') {
    line.text.pop_back();
  }
  if (line.text.empty() && !open_definition_.empty()) {
    definitions_.finish(open_definition_);
    open_definition_.clear();
  }
  strip_comment(line.text);
  // keepalived's children read a copy that the parent has stripped already and strip it again, so
  // that an escaped '#' starts a comment after all. Settings never get that far.
  if (!is_setting(line.text)) {
    strip_comment(line.text);
  }
}

bool LineReader::generate(LinesSource& source, Line& line) {
  if (source.next == source.lines->size()) {
    return false;
  }
  line.location = source.location;
  line.text = (*source.lines)[source.next++];
  return true;
}

bool LineReader::generate(SequenceSource& source, Line& line) {
  if (!source.sequence.advance(definitions_)) {
    return false;
  }
  line.location = source.location;
  line.text = source.sequence.text();
  return true;
}

bool LineReader::open_next_file(FileSource& source) {
  while (source.next_path < source.paths.size()) {
    const std::string& path = source.paths[source.next_path++];
    if (++files_opened_ > most_files) {
      stop(source.included_at, "more than " + std::to_string(most_files) + " included files");
      return false;
    }
    const bool loop =
        std::any_of(open_files_.begin(), open_files_.end(), [&](const FileSource& other) {
          return is_being_read(other) && &other != &source && other.location.file == path;
        });
    if (loop) {
      problems_.add(source.included_at, shown(path) + " includes itself; it is skipped");
      continue;
    }
    FileText file = files_.read(path);
    if (file.unsuitable || file.error) {
      problems_.add(source.included_at,
                    shown(path) + " " +
                        (file.unsuitable ? unsuitable_file
                                         : "cannot be read (" + file.error.message() + ")") +
                        "; it is skipped");
      continue;
    }
    bytes_ += file.text.size();
    if (bytes_ > most_bytes) {
      stop(source.included_at, "more than " + std::to_string(most_bytes) + " bytes");
      return false;
    }
    source.location = {path, 0};
    source.directory = directory_of(path);
    source.text = std::move(file.text);
    source.offset = 0;
    return true;
  }
  return false;
}

void LineReader::push(Generator generator, const core::SourceLocation& location) {
  if (generators_.size() >= most_generators) {
    stop(location,
         "definitions and sequences nested deeper than " + std::to_string(most_generators));
    return;
  }
  generators_.push_back(std::move(generator));
}

bool LineReader::include(const Line& line) {
  constexpr std::string_view keyword = "include";
  const std::string_view text = line.text;
  if (text.substr(0, keyword.size()) != keyword) {
    return false;
  }
  std::string_view pattern = text.substr(keyword.size());
  char kind = ' ';
  if (!pattern.empty() &&
      std::string_view("rmwba").find(pattern.front()) != std::string_view::npos) {
    kind = pattern.front();
    pattern.remove_prefix(1);
  }
  if (pattern.empty() || !is_blank(pattern.front())) {
    return false;
  }
  pattern = skip_blanks(pattern);
  std::vector<std::string> paths = files_.expand(directory(), std::string(pattern));
  const bool wildcards = pattern.find_first_of("*?[") != std::string_view::npos;
  if (!paths.empty()) {
    open_included(line.location, std::move(paths));
  } else if (!wildcards || kind == 'w' || kind == 'a') {
    problems_.add(line.location, "no file matches " + shown(pattern));
  }
  return true;
}

void LineReader::open_included(const core::SourceLocation& location,
                               std::vector<std::string> paths) {
  const auto depth = std::count_if(open_files_.begin(), open_files_.end(), is_being_read);
  if (static_cast<std::size_t>(depth) >= deepest_include) {
    problems_.add(location, "files include one another deeper than " +
                                std::to_string(deepest_include) + "; the line is ignored");
    return;
  }
  FileSource source;
  source.paths = std::move(paths);
  source.included_at = location;
  open_files_.push_back(std::move(source));
  if (!open_next_file(open_files_.back())) {
    open_files_.pop_back();
  }
}

std::string LineReader::directory() const {
  return open_files_.empty() ? "." : open_files_.back().directory;
}

void LineReader::stop(const core::SourceLocation& location, const std::string& message) {
  problems_.add(location, message + "; the rest of the configuration is ignored");
  stopped_ = true;
}

}  // namespace batch_notifier::config
