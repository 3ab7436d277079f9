// SPDX-License-Identifier: MIT
#include "runtime/script_flaw.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "runtime/printable.hpp"
#include "runtime/text.hpp"

namespace batch_notifier::runtime {

namespace {

/// What stands between "#!" and the name, and behind it.
constexpr const char* blanks = " \t";

ScriptFlaw flaw_of(ScriptFlawKind kind) {
  return {kind, {}};
}

ScriptFlaw flaw_in_line(std::string_view line) noexcept {
  if (!line.empty() && line.back() == '\r') {
    return flaw_of(ScriptFlawKind::carriage_return);
  }
  ScriptFlaw flaw = flaw_of(ScriptFlawKind::interpreter);
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const std::string_view name = line.substr(0, line.find_first_of(blanks));
  std::copy_n(name.begin(), std::min(name.size(), flaw.interpreter.size() - 1),
              flaw.interpreter.begin());
  return flaw;
}

}  // namespace

ScriptFlaw find_script_flaw(const char* path, int error) noexcept {
  if (error != ENOENT && error != ENOEXEC && error != EACCES) {
    return {};
  }
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  std::array<char, ScriptFlaw::longest_name> bytes{};
  const ssize_t count = file < 0 ? -1 : read(file, bytes.data(), bytes.size());
  close(file);
  if (count < 0 || (error == EACCES && access(path, X_OK) != 0)) {
    return {};
  }
  const std::string_view text(bytes.data(), static_cast<std::size_t>(count));
  if (text.substr(0, 2) == "#!") {
    return flaw_in_line(text.substr(2, text.find('\n') - 2));
  }
  if (error == ENOEXEC) {
    return flaw_of(ScriptFlawKind::no_first_line);
  }
  return flaw_of(error == ENOENT ? ScriptFlawKind::loader : ScriptFlawKind::none);
}

std::string describe(const ScriptFlaw& flaw, int error) {
  switch (flaw.kind) {
    case ScriptFlawKind::interpreter:
      return "the interpreter " + printable(flaw.interpreter.data()) +
             " in its first line: " + errno_text(error);
    case ScriptFlawKind::carriage_return:
      return "its first line ends with a carriage return, as on DOS: remove the carriage returns "
             "from the file";
    case ScriptFlawKind::no_first_line:
      return "it is no program for this machine and has no #! line: " + errno_text(error);
    case ScriptFlawKind::loader:
      return "the file is there, but the loader that it asks for is not: " + errno_text(error);
    case ScriptFlawKind::none:
      break;
  }
  return errno_text(error);
}

}  // namespace batch_notifier::runtime
