// SPDX-License-Identifier: MIT
/// @file
/// Network namespaces for tests, by way of ip(8): whatever a test does to the network it does in
/// one of these, and it goes with its owner, also with one that is killed (janitor.hpp).
#pragma once

#include <string>
#include <vector>

#include "runtime/unique_fd.hpp"

namespace batch_notifier::tests {

/// A named network namespace, with its loopback interface up.
class NetworkNamespace {
 public:
  /// Puts this thread into the namespace until it goes. What is forked or opened meanwhile belongs
  /// to the namespace, also afterwards.
  class Stay {
   public:
    /// Enters. Throws std::system_error.
    explicit Stay(const NetworkNamespace& where);
    Stay(const Stay&) = delete;
    Stay& operator=(const Stay&) = delete;
    ~Stay();

   private:
    runtime::UniqueFd home_;
  };

  /// Makes one, named bn-test-<pid>-<n>. Throws std::runtime_error.
  NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;
  ~NetworkNamespace();

  /// Its name, as ip(8) knows it.
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Runs `ip` in it with blank-separated arguments. Throws std::runtime_error if that fails.
  void ip(const std::string& arguments) const;
  /// Runs many lines of arguments to `ip` in it with one process. Throws std::runtime_error.
  void ip_batch(const std::string& lines) const;
  /// Runs a program in it to its end. Throws std::runtime_error if it does not end with status 0.
  void run(std::vector<std::string> arguments) const;
  /// `arguments` with what is to be put before them so that a Process runs in it.
  [[nodiscard]] std::vector<std::string> inside(std::vector<std::string> arguments) const;
  /// Makes a pair of virtual Ethernet interfaces in it and puts both up.
  void add_veth(const std::string& interface, const std::string& peer) const;

 private:
  std::string name_;
};

}  // namespace batch_notifier::tests
