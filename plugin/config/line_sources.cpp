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

constexpr std::size_t most_sources = 1000;

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
  sources_.emplace_back(std::move(source));
}

std::optional<Line> LineReader::read_raw() {
  while (!sources_.empty()) {
    Line line;
    Source& source = sources_.back();
    if (!std::visit([&](auto& kind) { return read_raw_from(kind, line); }, source)) {
      sources_.pop_back();
      continue;
    }
    if (++lines_ > most_lines) {
      stop(line.location, "more than " + std::to_string(most_lines) + " lines");
      return std::nullopt;
    }
    if (!line.text.empty()) {
      return line;
    }
  }
  return std::nullopt;
}

bool LineReader::read_raw_from(FileSource& source, Line& line) {
  if (source.offset >= source.text.size()) {
    if (!open_next_file(source)) {
      return false;
    }
    if (source.text.empty()) {
      return true;
    }
  }
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
    return true;
  }
  if (line.text.find('\0') != std::string::npos) {
    problems_.add(line.location, "the line holds a NUL byte; it is ignored");
    line.text.clear();
    return true;
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
  return true;
}

bool LineReader::read_raw_from(LinesSource& source, Line& line) {
  if (source.next == source.lines->size()) {
    return false;
  }
  line.location = source.location;
  line.text = (*source.lines)[source.next++];
  return true;
}

bool LineReader::read_raw_from(SequenceSource& source, Line& line) {
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
    const bool loop = std::any_of(sources_.begin(), sources_.end(), [&](const Source& other) {
      const auto* file = std::get_if<FileSource>(&other);
      return file != nullptr && file != &source && file->location.file == path;
    });
    if (loop) {
      problems_.add(source.included_at, quoted(path) + " includes itself; it is skipped");
      continue;
    }
    FileText file = files_.read(path);
    if (file.unsuitable || file.error) {
      problems_.add(source.included_at,
                    quoted(path) + " " +
                        (file.unsuitable ? unsuitable_file
                                         : "cannot be read (" + file.error.message() + ")") +
                        "; it is skipped");
      continue;
    }
    source.location = {path, 0};
    source.directory = directory_of(path);
    source.text = std::move(file.text);
    source.offset = 0;
    return true;
  }
  return false;
}

void LineReader::push(Source source, const core::SourceLocation& location) {
  if (sources_.size() >= most_sources) {
    stop(location, "definitions and sequences nested deeper than " + std::to_string(most_sources));
    return;
  }
  sources_.push_back(std::move(source));
}

bool LineReader::include(const Line& line) {
  constexpr std::string_view keyword = "include";
  const std::string_view text = line.text;
  if (text.substr(0, keyword.size()) != keyword) {
    return false;
  }
  std::string_view pattern = text.substr(keyword.size());
  char kind = ' ';
  if (!pattern.empty() && std::string_view("rmwba").find(pattern.front()) != std::string_view::npos) {
    kind = pattern.front();
    pattern.remove_prefix(1);
  }
  if (pattern.empty() || !is_blank(pattern.front())) {
    return false;
  }
  pattern = skip_blanks(pattern);
  const auto depth = std::count_if(sources_.begin(), sources_.end(), [](const Source& source) {
    return std::holds_alternative<FileSource>(source);
  });
  if (static_cast<std::size_t>(depth) >= deepest_include) {
    problems_.add(line.location, "files include one another deeper than " +
                                     std::to_string(deepest_include) + "; the line is ignored");
    return true;
  }
  FileSource source;
  source.paths = files_.expand(directory(), std::string(pattern));
  source.included_at = line.location;
  const bool wildcards = pattern.find_first_of("*?[") != std::string_view::npos;
  if (!source.paths.empty()) {
    push(std::move(source), line.location);
  } else if (!wildcards || kind == 'w' || kind == 'a') {
    problems_.add(line.location, "no file matches " + quoted(pattern));
  }
  return true;
}

const std::string& LineReader::directory() const {
  static const std::string none = ".";
  const auto found = std::find_if(sources_.rbegin(), sources_.rend(), [](const Source& source) {
    return std::holds_alternative<FileSource>(source);
  });
  return found == sources_.rend() ? none : std::get<FileSource>(*found).directory;
}

void LineReader::stop(const core::SourceLocation& location, const std::string& message) {
  problems_.add(location, message + "; the rest of the configuration is ignored");
  stopped_ = true;
}

}  // namespace batch_notifier::config
