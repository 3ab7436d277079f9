// SPDX-License-Identifier: MIT
/// @file
/// Whether the plugin may be loaded. Its code runs with the loader's rights, usually root's, so a
/// user who can replace the file becomes root. keepalived looks at the loader's own file, and not
/// at its arguments.
#pragma once

#include <string>

#include "loader/served.hpp"
#include "runtime/log.hpp"

namespace batch_notifier::loader {

/// To be called before the plugin is loaded. Only root is asked to be careful. Under keepalived's
/// `enable_script_security`, which the configuration is read for, a file that is not root's alone
/// is refused; otherwise it is logged, and refused only behind a link that others could have
/// placed. Throws std::runtime_error with the reason.
void require_secure_plugin(const std::string& path, const Served& served, runtime::Log& log);

}  // namespace batch_notifier::loader
