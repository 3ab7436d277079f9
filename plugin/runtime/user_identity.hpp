// SPDX-License-Identifier: MIT
/// @file
/// Who a child runs as. Names become numbers once, when a notifier is made, because looking them up
/// may ask the network (NSS) and allocates, neither of which a forked child may do.
#pragma once

#include <vector>

#include <sys/types.h>

#include "core/settings.hpp"

namespace batch_notifier::runtime {

/// A user in the kernel's terms.
struct UserIdentity {
  uid_t uid = 0;              ///< Real, effective and saved user.
  gid_t gid = 0;              ///< Real, effective and saved group.
  std::vector<gid_t> groups;  ///< Supplementary groups; `gid` is among them.
};

/// Looks up a user, by name and then as a number, and the supplementary groups that the user has. A
/// number without an account needs a group and gets no other. May block on the name service. Throws
/// std::runtime_error that names what is unknown.
UserIdentity resolve_user(const core::UserName& name);

/// Makes the calling process that user, for good: where that is another user, neither programs that
/// run as their owner nor file capabilities give it more (no_new_privs, empty bounding set). Only
/// for a forked child: allocates nothing. Returns 0 or the errno of the first call that failed,
/// after which the process must not go on.
int become(const UserIdentity& identity) noexcept;

}  // namespace batch_notifier::runtime
