// SPDX-License-Identifier: MIT
/// @file
/// A child's first steps, from fork to exec. They have a file of their own because other rules hold
/// here: the parent may have had threads, and their locks stay locked in the child for ever. So
/// nothing is allocated and only async-signal-safe calls are made. An error is reported through a
/// pipe that a successful exec closes.
#pragma once

#include <functional>
#include <span>

#include <sys/types.h>

#include "runtime/command_security.hpp"
#include "runtime/script_flaw.hpp"
#include "runtime/user_identity.hpp"

namespace batch_notifier::runtime {

/// The step at which a child failed.
enum class ChildStep : int {
  fork,         ///< The process for the program could not be forked.
  descriptors,  ///< Standard input and output could not be put in place.
  directory,    ///< "/" could not be entered.
  user,         ///< The user or the groups could not be changed.
  security,     ///< The program, or the file to be written, is not secure.
  execute,      ///< The program could not be executed.
};

/// What a child that could not run writes into its report pipe, in one piece.
struct ChildFailure {
  ChildStep step = ChildStep::descriptors;  ///< Where.
  int error = 0;                            ///< errno; 0 for `security`.
  CommandFlaw flaw;                         ///< For `security` only.
  ScriptFlaw script;                        ///< For `execute` only.
};

/// What a child needs to begin; all of it made by the parent, before the fork.
struct ChildEntry {
  char* const* arguments = nullptr;                ///< For execve(2); null to call `function`.
  char* const* environment = nullptr;              ///< For execve(2).
  bool root_writable_only = false;                 ///< See Program and WrittenFile.
  const std::function<int()>* function = nullptr;  ///< Gives the exit status.
  const char* written_file = nullptr;              ///< Of the function, see WrittenFile; or null.
  int input = -1;                                  ///< Becomes standard input.
  int output = -1;                                 ///< Becomes standard output and error.
  int report = -1;                                 ///< Takes a ChildFailure.
  const UserIdentity* user = nullptr;              ///< Who to become; null for nobody else.
  pid_t parent = -1;                               ///< The forking process.
  std::span<const int> kept;    ///< See child_keeper.hpp; in ascending order, above 3.
  std::span<const int> needed;  ///< `kept` and the three above, in ascending order.
};

/// Goes on in a forked child, which was forked with all signals blocked, so that no handler of the
/// host's can run in it. Sets default dispositions. For a program it becomes the keeper of that,
/// see child_keeper.hpp. A function is called in an own session, with descriptors 0 to 2 and
/// `kept`, "/" as directory, the user, and an empty signal mask; it is killed when the parent's
/// thread dies.
[[noreturn]] void enter_child(const ChildEntry& entry) noexcept;

/// Goes on in a child of the keeper: an own session, descriptors 0 to 2 and no other, "/" as
/// directory, the user, an empty signal mask. Killed when the keeper dies.
[[noreturn]] void enter_program(const ChildEntry& entry, pid_t keeper) noexcept;

/// Reports errno of what failed, and exits.
[[noreturn]] void give_up(int report, ChildStep step) noexcept;

}  // namespace batch_notifier::runtime
