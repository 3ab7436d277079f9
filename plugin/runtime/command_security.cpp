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

bool is_trusted(uid_t user) noexcept {
  return user == 0 || user == geteuid();
}

/// What is asked of the names on the way.
enum class Question {
  roots_alone,         ///< Each is root's alone.
  roots_alone_or_new,  ///< The same; the last one may be missing.
  no_links_of_others,  ///< None is a link that others could have placed.
};

/// One walk along a path.
class Walk {
 public:
  explicit Walk(Question question) : question_(question) {}

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
    if (!flaw && S_ISLNK(status_.st_mode)) {
      const struct stat link = status_;
      if (question_ == Question::no_links_of_others &&
          (!is_trusted(link.st_uid) || is_open(parent, /*sticky_protects=*/true))) {
        status_ = link;
        return this->flaw(CommandFlawKind::link);
      }
      return follow(parent);
    }
    return flaw;
  }

  /// Whether others can put a name into the directory that this much of what was reached names.
  /// `status_` becomes the directory's if so.
  bool is_open(std::size_t parent, bool sticky_protects) noexcept {
    PathText directory;
    struct stat place {};
    if (!directory.append(parent == 0 ? "/" : reached_.view().substr(0, parent)) ||
        lstat(directory.c_str(), &place) != 0) {
      return true;
    }
    const bool by_others =
        (place.st_mode & S_IWOTH) != 0 || ((place.st_mode & S_IWGRP) != 0 && place.st_gid != 0);
    const bool sticky = sticky_protects && (place.st_mode & S_ISVTX) != 0;
    if (is_trusted(place.st_uid) && (!by_others || sticky)) {
      return false;
    }
    status_ = place;
    return true;
  }

  /// A last name that is missing: no flaw, unless others can make it, as in /tmp.
  std::optional<CommandFlaw> look_at_missing() noexcept {
    const std::size_t parent = reached_.view().rfind('/');
    if (!is_open(parent, /*sticky_protects=*/false)) {
      return std::nullopt;
    }
    reached_.cut(parent);
    return flaw(CommandFlawKind::everybody);
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
      const int error = errno;
      status_ = {};
      const bool is_last =
          ahead_.view().find_first_not_of('/', position_) == std::string_view::npos;
      return question_ == Question::roots_alone_or_new && is_last && error == ENOENT
                 ? look_at_missing()
                 : unreachable(error);
    }
    if (question_ == Question::no_links_of_others) {
      return std::nullopt;
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

  Question question_;
  PathText ahead_;
  PathText reached_;
  std::size_t position_ = 0;
  int links_ = 0;
  struct stat status_ {};
};

}  // namespace

std::optional<CommandFlaw> find_command_flaw(const char* command) noexcept {
  return Walk(Question::roots_alone).along(command);
}

std::optional<CommandFlaw> find_file_flaw(const char* file) noexcept {
  return Walk(Question::roots_alone_or_new).along(file);
}

std::optional<CommandFlaw> find_link_flaw(const char* file) noexcept {
  const std::optional<CommandFlaw> flaw = Walk(Question::no_links_of_others).along(file);
  return flaw && flaw->kind == CommandFlawKind::link ? flaw : std::nullopt;
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
    case CommandFlawKind::link:
      text = path + " is a link that others could have placed" + found + "use the path of the file";
      break;
  }
  return printable(text);
}

}  // namespace batch_notifier::runtime
