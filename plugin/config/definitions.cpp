// SPDX-License-Identifier: MIT
#include "config/definitions.hpp"

#include <algorithm>
#include <utility>

#include "config/words.hpp"

namespace batch_notifier::config {

namespace {

constexpr std::size_t replacements_per_line = 100;
constexpr std::size_t replacements_in_all = 1'000'000;

constexpr bool is_digit(char character) {
  return character >= '0' && character <= '9';
}

constexpr bool starts_name(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         character == '_';
}

// How many characters at the front of `text` are a name; 0 if it does not start with one.
std::size_t name_length(std::string_view text) {
  if (text.empty() || !starts_name(text.front())) {
    return 0;
  }
  const auto* const end = std::find_if(text.begin(), text.end(), [](char character) {
    return !starts_name(character) && !is_digit(character);
  });
  return static_cast<std::size_t>(end - text.begin());
}

std::string_view without_trailing_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

Definitions::Definitions(const std::string& config_id, ConfigFiles& files)
    : config_id_(config_id), files_(files), replacements_left_(replacements_in_all) {
}

std::optional<std::string> Definitions::define(std::string_view line) {
  if (line.empty() || line.front() != '$') {
    return std::nullopt;
  }
  line.remove_prefix(1);
  const std::size_t length = name_length(line);
  if (length == 0 || length >= line.size() || line[length] != '=') {
    return std::nullopt;
  }
  std::string name(line.substr(0, length));
  definitions_[name] = {{}, false, true};
  add_line(name, skip_blanks(line.substr(length + 1)));
  return name;
}

bool Definitions::continues(const std::string& name) const {
  const auto found = definitions_.find(name);
  return found != definitions_.end() && found->second.open;
}

void Definitions::add_line(const std::string& name, std::string_view line) {
  Definition& definition = definitions_[name];
  definition.open = !line.empty() && line.back() == '\\';
  if (definition.open) {
    definition.several_lines = true;
    line.remove_suffix(1);
    line = without_trailing_blanks(line);
  }
  if (!line.empty() || !definition.several_lines) {
    definition.lines.emplace_back(line);
  }
}

void Definitions::finish(const std::string& name) {
  definitions_[name].open = false;
}

void Definitions::set(const std::string& name, const std::string& value) {
  Definition& definition = definitions_[name];
  definition.lines.assign(1, value);
  definition.several_lines = false;
}

std::optional<Definitions::Reference> Definitions::parse_reference(std::string_view text) {
  const bool braces = !text.empty() && text.front() == '{';
  const std::size_t start = braces ? 1 : 0;
  const std::size_t length = name_length(text.substr(start));
  if (length == 0) {
    return std::nullopt;
  }
  Reference reference;
  reference.name = text.substr(start, length);
  std::size_t end = start + length;
  if (!braces) {
    reference.length = end;
    const bool ended =
        end == text.size() || is_blank(text[end]) || text[end] == ',' || text[end] == ')';
    return ended ? std::optional<Reference>(reference) : std::nullopt;
  }
  end = text.find('}', end);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view parameters = text.substr(start + length, end - start - length);
  const bool plain = std::all_of(parameters.begin(), parameters.end(), [](char character) {
    return is_blank(character) || is_digit(character) || starts_name(character);
  });
  if (!plain || (!parameters.empty() && is_blank(parameters.back()))) {
    return std::nullopt;
  }
  reference.parameters = skip_blanks(parameters);
  reference.length = end + 1;
  return reference;
}

std::optional<std::string> Definitions::built_in(const Reference& reference,
                                                 const std::string& directory) const {
  if (reference.name == "_RANDOM") {
    // What keepalived draws cannot be known, so the lowest value stands for it.
    const std::size_t digits = reference.parameters.find_first_not_of("0123456789");
    const std::string_view lowest = reference.parameters.substr(0, digits);
    return lowest.empty() ? "0" : std::string(lowest);
  }
  if (reference.name == "_ENV" && !reference.parameters.empty()) {
    return files_.environment(std::string(reference.parameters)).value_or("");
  }
  if (!reference.parameters.empty()) {
    return std::nullopt;
  }
  if (reference.name == "_PWD") {
    return directory;
  }
  if (reference.name == "_INSTANCE") {
    return config_id_;
  }
  if (reference.name == "_HASH") {
    return "#";
  }
  if (reference.name == "_BANG") {
    return "!";
  }
  return std::nullopt;
}

std::optional<Definitions::Value> Definitions::look_up(const Reference& reference,
                                                       const std::string& directory,
                                                       bool several_lines) const {
  const auto found = definitions_.find(reference.name);
  if (found == definitions_.end()) {
    std::optional<std::string> text = built_in(reference, directory);
    return text ? std::optional<Value>({std::move(*text), nullptr}) : std::nullopt;
  }
  const Definition& definition = found->second;
  if (!reference.parameters.empty() || (definition.several_lines && !several_lines)) {
    return std::nullopt;
  }
  Value value;
  if (!definition.lines.empty()) {
    value.text = definition.lines.front();
  }
  if (definition.lines.size() > 1) {
    value.rest =
        std::make_shared<const Lines>(definition.lines.begin() + 1, definition.lines.end());
  }
  return value;
}

Substitution Definitions::substitute(std::string& line, const std::string& directory,
                                     bool several_lines) {
  Substitution result;
  std::size_t count = 0;
  std::size_t position = 0;
  while ((position = line.find('$', position)) != std::string::npos) {
    const std::optional<Reference> reference =
        parse_reference(std::string_view(line).substr(position + 1));
    const bool at_end = reference && position + 1 + reference->length == line.size();
    std::optional<Value> value;
    if (reference) {
      value = look_up(*reference, directory, several_lines && at_end);
    }
    if (!value) {
      ++position;
      continue;
    }
    if (++count > replacements_per_line || replacements_left_ == 0 ||
        line.size() - reference->length + value->text.size() > longest_line) {
      result.endless = true;
      return result;
    }
    --replacements_left_;
    line.replace(position, reference->length + 1, value->text);
    result.changed = true;
    if (value->rest) {
      result.continuations.push_back(std::move(value->rest));
    }
    // keepalived first reads the ~SEQ or ~LST that comes to light here.
    if (const std::string_view text = skip_blanks(value->text);
        !text.empty() && text.front() == '~') {
      return result;
    }
  }
  return result;
}

}  // namespace batch_notifier::config
