// SPDX-License-Identifier: MIT
/// @file
/// Whether anybody but root can decide what a command is: what keepalived's
/// `enable_script_security` asks of its scripts, asked of every name on the way to the file.
///
/// The rule is keepalived's. Whatever is on the way belongs to root. A directory with the sticky
/// bit may be written by others, because they can neither remove nor rename in it what is root's,
/// and the next name has to be root's as well: /tmp is such a one, and so is /nix/store. Group 0
/// counts as root. Four things are stricter:
/// - Links are followed one by one, and each directory that a link stands in or leads through
///   counts. keepalived 2.2.7 accepts a link of root's in a directory that everybody can write,
///   where everybody can put another link in its place.
/// - Write permission for group 0 does not count as root's where there is an access control list,
///   because it then stands for everyone on the list (keepalived looks at the mode only).
/// - It does not matter who the command runs as. keepalived asks nothing of a script that runs
///   neither as root nor in root's group.
/// - It is asked before every execution and not only when the configuration is read: a directory
///   may have been opened since.
///
/// What the file does when it runs is its own matter, as it is for keepalived: its "#!"
/// interpreter, its libraries and whatever it reads are not looked at. Going after the first of
/// them would promise what the rest cannot keep.
///
/// The path is walked by name, not by descriptor: a name that was found to be root's alone stays
/// what it is unless root changes it, so that what is executed afterwards is what was looked at.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include <sys/types.h>

namespace batch_notifier::runtime {

/// What is wrong with one name on the way.
enum class CommandFlawKind : int {
  unreachable,  ///< It cannot be looked at: missing, no permission, too many links.
  owner,        ///< It does not belong to root.
  everybody,    ///< Everybody can write it.
  group,        ///< A group other than root's can write it.
  access_list,  ///< An access control list lets others write it.
  link,         ///< A link that others than root and this user could have placed.
};

/// The first thing found that is wrong. Plain bytes, so that a child can send it through a pipe.
struct CommandFlaw {
  static constexpr std::size_t longest_path = 1024;  ///< Where `path` is cut, its end included.

  CommandFlawKind kind = CommandFlawKind::unreachable;  ///< What is wrong.
  int error = 0;                                        ///< errno, where `unreachable`.
  uid_t owner = 0;                                      ///< Of the file; else 0.
  gid_t group = 0;                                      ///< Of the file; else 0.
  mode_t mode = 0;                                      ///< With the type; else 0.
  std::array<char, longest_path> path{};                ///< Which one, links resolved before it.
};

/// Looks at everything on the way from "/" to `command`, an absolute path, and at the file; follows
/// as many links as the kernel does. Nothing if it is root's alone. Allocates nothing and makes
/// async-signal-safe calls only, so that it can run in a forked child: that is the place for it
/// where something is waiting, because a network file system may block it for ever.
std::optional<CommandFlaw> find_command_flaw(const char* command) noexcept;

/// The same for a file that is written: that it is missing is no flaw, where its directory is
/// root's alone.
std::optional<CommandFlaw> find_file_flaw(const char* file) noexcept;

/// What is asked where script security is off: whether a link on the way to `file` could have been
/// placed by others than root and this user, who could so choose another file for us to load or
/// write. That is a link of theirs, and one in a directory that they can write, unless it is ours
/// and the directory is sticky. Anything else, a missing file included, is no flaw here. The rules
/// of find_command_flaw() hold.
std::optional<CommandFlaw> find_link_flaw(const char* file) noexcept;

/// The flaw for people: the file, its owner and mode, and the command that mends it. Printable.
std::string describe(const CommandFlaw& flaw);

}  // namespace batch_notifier::runtime
