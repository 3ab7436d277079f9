// SPDX-License-Identifier: MIT
#include "runtime/command_security.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <string_view>
#include <system_error>

#include <sys/stat.h>
#include <sys/xattr.h>

#include "runtime/printable.hpp"

namespace batch_notifier::runtime {

namespace {

/// The kernel's own limit.
constexpr int most_links = 40;

/// A path in a buffer of its own.
class PathText {
 public:
  [[nodiscard]] bool append(std::string_view text) noexcept {
    if (text.size() >= bytes_.size() - size_) {
      return false;
    }
    std::copy(text.begin(), text.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
    cut(size_ + text.size());
    return true;
  }
  void cut(std::size_t size) noexcept {
    size_ = size;
    bytes_[size_] = '\0';
  }
  [[nodiscard]] const char* c_str() const noexcept { return bytes_.data(); }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::array<char, PATH_MAX> bytes_{};
  std::size_t size_ = 0;
};

/// One walk along a path.
class Walk {
 public:
  std::optional<CommandFlaw> along(std::string_view path) noexcept {
    if (!ahead_.append(path)) {
      return unreachable(ENAMETOOLONG);
    }
    std::optional<CommandFlaw> flaw = look();
    while (!flaw) {
      const std::string_view name = next_name();
      if (name.empty()) {
        return std::nullopt;
      }
      flaw = enter(name);
    }
    return flaw;
  }

 private:
  /// What is on the way next; empty at its end.
  std::string_view next_name() noexcept {
    std::string_view rest = ahead_.view().substr(position_);
    rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
    const std::string_view name = rest.substr(0, rest.find('/'));
    position_ = ahead_.view().size() - rest.size() + name.size();
    return name;
  }

  std::optional<CommandFlaw> enter(std::string_view name) noexcept {
    if (name == ".") {
      return std::nullopt;
    }
    const std::size_t parent = reached_.view().size();
    if (name == "..") {
      // No link is in what was reached, and all of it has been looked at.
      const std::size_t slash = reached_.view().rfind('/');
      reached_.cut(slash == std::string_view::npos ? 0 : slash);
      return std::nullopt;
    }
    if (!reached_.append("/") || !reached_.append(name)) {
      return unreachable(ENAMETOOLONG);
    }
    std::optional<CommandFlaw> flaw = look();
    return flaw || !S_ISLNK(status_.st_mode) ? flaw : follow(parent);
  }

  /// Goes on along the link that was reached, from the directory that it stands in.
  std::optional<CommandFlaw> follow(std::size_t parent) noexcept {
    if (++links_ > most_links) {
      return unreachable(ELOOP);
    }
    std::array<char, PATH_MAX> target{};
    const ssize_t size = readlink(reached_.c_str(), target.data(), target.size());
    if (size < 0) {
      return unreachable(errno);
    }
    const std::string_view text(target.data(), static_cast<std::size_t>(size));
    PathText ahead;
    if (!ahead.append(text) || !ahead.append(ahead_.view().substr(position_))) {
      return unreachable(ENAMETOOLONG);
    }
    ahead_ = ahead;
    position_ = 0;
    reached_.cut(text.substr(0, 1) == "/" ? 0 : parent);
    return std::nullopt;
  }

  /// Looks at what was reached.
  std::optional<CommandFlaw> look() noexcept {
    if (lstat(here(), &status_) != 0) {
      return unreachable(errno);
    }
    const mode_t mode = status_.st_mode;
    if (status_.st_uid != 0) {
      return flaw(CommandFlawKind::owner);
    }
    const bool sticky = S_ISDIR(mode) && (mode & S_ISVTX) != 0;
    if (S_ISLNK(mode) || sticky) {
      return std::nullopt;
    }
    if ((mode & S_IWOTH) != 0) {
      return flaw(CommandFlawKind::everybody);
    }
    if ((mode & S_IWGRP) != 0 && status_.st_gid != 0) {
      return flaw(CommandFlawKind::group);
    }
    // Without this bit, which is then the list's mask, a list gives nobody write permission.
    if ((mode & S_IWGRP) != 0 && lgetxattr(here(), "system.posix_acl_access", nullptr, 0) > 0) {
      return flaw(CommandFlawKind::access_list);
    }
    return std::nullopt;
  }

  [[nodiscard]] const char* here() const noexcept {
    return reached_.view().empty() ? "/" : reached_.c_str();
  }

  [[nodiscard]] CommandFlaw flaw(CommandFlawKind kind) const noexcept {
    CommandFlaw found;
    found.kind = kind;
    found.owner = status_.st_uid;
    found.group = status_.st_gid;
    found.mode = status_.st_mode;
    const std::string_view path = here();
    std::copy_n(path.begin(), std::min(path.size(), found.path.size() - 1), found.path.begin());
    return found;
  }

  [[nodiscard]] CommandFlaw unreachable(int error) noexcept {
    status_ = {};
    CommandFlaw found = flaw(CommandFlawKind::unreachable);
    found.error = error;
    return found;
  }

  PathText ahead_;
  PathText reached_;
  std::size_t position_ = 0;
  int links_ = 0;
  struct stat status_ {};
};

}  // namespace

std::optional<CommandFlaw> find_command_flaw(const char* command) noexcept {
  return Walk().along(command);
}

std::string describe(const CommandFlaw& flaw) {
  const std::string path = flaw.path.data();
  std::array<char, sizeof("07777")> digits{};
  std::snprintf(digits.data(), digits.size(), "%04o", flaw.mode & 07777U);
  const std::string found = " (owner " + std::to_string(flaw.owner) + ", group " +
                            std::to_string(flaw.group) + ", mode " + digits.data() + "): ";
  std::string text;
  switch (flaw.kind) {
    case CommandFlawKind::unreachable:
      text = path + " cannot be looked at: " + std::generic_category().message(flaw.error);
      break;
    case CommandFlawKind::owner:
      text = path + " does not belong to root" + found +
             (S_ISLNK(flaw.mode) ? "chown -h root " : "chown root ") + path;
      break;
    case CommandFlawKind::everybody:
      text = path + " can be written by everybody" + found + "chmod go-w " + path;
      break;
    case CommandFlawKind::group:
      text = path + " can be written by a group other than root's" + found + "chmod go-w " + path;
      break;
    case CommandFlawKind::access_list:
      text = path + " can be written by others on its access control list" + found + "chmod go-w " +
             path;
      break;
  }
  return printable(text);
}

}  // namespace batch_notifier::runtime
