// SPDX-License-Identifier: MIT
/// @file
/// Why a file that is there cannot be executed. execve(2) reports a script's missing interpreter,
/// and a line that ends as on DOS, with the same error as a missing file, and so would the log.
#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace batch_notifier::runtime {

/// What is wrong with a file that could not be executed.
enum class ScriptFlawKind : int {
  none,             ///< Nothing that its first line shows.
  interpreter,      ///< The interpreter in its first line cannot be executed.
  carriage_return,  ///< Its first line ends with a carriage return, which belongs to the name.
  no_first_line,    ///< It is no program, and has no "#!" line.
  loader,           ///< It is a program, and what should load it is missing.
};

/// The flaw, with the interpreter's name. Plain bytes, so that a child can send it through a pipe.
struct ScriptFlaw {
  static constexpr std::size_t longest_name = 256;  ///< As much as the kernel reads.

  ScriptFlawKind kind = ScriptFlawKind::none;    ///< What is wrong.
  std::array<char, longest_name> interpreter{};  ///< For `interpreter`; ends with a zero byte.
};

/// Looks at the first line of `path`, for which execve(2) has failed with `error`. Makes
/// async-signal-safe calls only; may block as reading any file may.
ScriptFlaw find_script_flaw(const char* path, int error) noexcept;

/// The flaw for people, behind "cannot execute PATH: ". `error` is that of execve(2). Printable.
std::string describe(const ScriptFlaw& flaw, int error);

}  // namespace batch_notifier::runtime
