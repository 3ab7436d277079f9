// SPDX-License-Identifier: MIT
/// @file
/// The truth to compare with, from those who make it: keepalived's own dump of its state (SIGUSR1,
/// which needs neither bus nor FIFO) and the kernel's list of addresses.
#pragma once

#include <map>
#include <set>
#include <string>

#include <sys/types.h>

#include "tests/support/network_namespace.hpp"

namespace batch_notifier::tests {

/// State of every instance, "MASTER" …, in keepalived's own words. `vrrp` is its VRRP process and
/// `directory` its TMPDIR. Empty if it does not answer soon.
std::map<std::string, std::string> keepalived_states(pid_t vrrp, const std::string& directory);

/// All addresses in a namespace, without their prefix lengths.
std::set<std::string> kernel_addresses(const NetworkNamespace& where);

}  // namespace batch_notifier::tests
