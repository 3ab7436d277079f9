// SPDX-License-Identifier: MIT
#include "runtime/user_identity.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace batch_notifier::runtime {

namespace {

constexpr std::size_t first_buffer_size = 1024;

/// One of getpwnam_r(3) and its kin, with a buffer that grows as they ask for it. `buffer` holds
/// the strings of `entry`.
template <typename Entry, typename Key>
bool look_up(int (*function)(Key, Entry*, char*, std::size_t, Entry**), Key key, Entry& entry,
             std::vector<char>& buffer) {
  Entry* found = nullptr;
  int error = ERANGE;
  for (std::size_t size = first_buffer_size; error == ERANGE; size *= 2) {
    buffer.resize(size);
    error = function(key, &entry, buffer.data(), buffer.size(), &found);
  }
  return error == 0 && found != nullptr;
}

/// Not the highest number, which setresuid(2) takes for "leave it as it is": that would be root.
std::optional<id_t> parse_number(const std::string& text) {
  id_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number == static_cast<id_t>(-1)) {
    return std::nullopt;
  }
  return number;
}

gid_t resolve_group(const std::string& name) {
  group entry{};
  std::vector<char> buffer;
  if (look_up(getgrnam_r, name.c_str(), entry, buffer)) {
    return entry.gr_gid;
  }
  if (const std::optional<id_t> number = parse_number(name)) {
    return *number;
  }
  throw std::runtime_error("unknown group " + name);
}

std::vector<gid_t> groups_of(const char* user, gid_t gid) {
  std::vector<gid_t> groups(1);
  int count = static_cast<int>(groups.size());
  while (getgrouplist(user, gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

/// What the change of the user leaves: capabilities that a program with file capabilities could
/// have again, and programs that run as their owner. Both are given up before the user changes,
/// since it takes a capability.
void give_up_privileges() noexcept {
  // Without CAP_SETPCAP the set stays as it is, and no_new_privs makes it useless.
  for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; ++capability) {
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (syscall(SYS_capget, &header, sets.data()) == 0) {
    for (__user_cap_data_struct& set : sets) {
      set.inheritable = 0;
    }
    syscall(SYS_capset, &header, sets.data());
  }
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

}  // namespace

UserIdentity resolve_user(const core::UserName& name) {
  passwd entry{};
  std::vector<char> buffer;
  bool known = look_up(getpwnam_r, name.user.c_str(), entry, buffer);
  const std::optional<id_t> number = parse_number(name.user);
  if (!known && number) {
    known = look_up(getpwuid_r, uid_t{*number}, entry, buffer);
  }
  if (known) {
    const gid_t gid = name.group.empty() ? entry.pw_gid : resolve_group(name.group);
    return {entry.pw_uid, gid, groups_of(entry.pw_name, gid)};
  }
  if (!number) {
    throw std::runtime_error("unknown user " + name.user);
  }
  if (name.group.empty()) {
    throw std::runtime_error("user " + name.user + " has no account, so a group must be given");
  }
  const gid_t gid = resolve_group(name.group);
  return {*number, gid, {gid}};
}

int become(const UserIdentity& identity) noexcept {
  if (identity.uid != geteuid()) {
    give_up_privileges();
  }
  // The user goes last: without root's rights the others could not be changed.
  const bool done = setgroups(identity.groups.size(), identity.groups.data()) == 0 &&
                    setresgid(identity.gid, identity.gid, identity.gid) == 0 &&
                    setresuid(identity.uid, identity.uid, identity.uid) == 0;
  return done ? 0 : errno;
}

}  // namespace batch_notifier::runtime
