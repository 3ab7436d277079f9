// SPDX-License-Identifier: MIT
/// @file
/// What the plugin costs: one node with many real instances gets its links cut and put back, and
/// the processor time and memory of the plugin's own processes are read from the kernel. Prints
/// figures and asserts nothing; a machine that is busy makes them larger.
#include <chrono>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <string>

#include "tests/support/cluster.hpp"
#include "tests/support/keepalived_node.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/told.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier::tests;

namespace {

std::size_t proportional_kib(pid_t pid) {
  std::istringstream rollup(read_file("/proc/" + std::to_string(pid) + "/smaps_rollup"));
  std::string word;
  std::size_t kib = 0;
  while (rollup >> word) {
    if (word == "Pss:") {
      rollup >> kib;
      break;
    }
  }
  return kib;
}

class Bench {
 public:
  explicit Bench(std::size_t instances)
      : instances_(instances),
        node_(network_.node, bus_.address(),
              ManyInstances::configuration(instances) + "@batch_notifier master_hold 0\n") {
    node_.start();
  }

  /// Lets `action` happen and prints what telling everybody of `state` has cost.
  template <typename Action>
  bool measure(const std::string& what, const std::string& state, Action action) {
    const double cpu = node_.plugin_cpu_ms();
    const std::size_t batches = Told(node_.command_file()).batches().size();
    const auto began = std::chrono::steady_clock::now();
    action();
    const bool arrived = wait_until([&] { return all_are(state); }, std::chrono::seconds(120));
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began;
    std::cout << std::left << std::setw(28) << what << std::right << std::fixed
              << std::setprecision(1) << std::setw(8) << node_.plugin_cpu_ms() - cpu << " ms CPU"
              << std::setw(6) << Told(node_.command_file()).batches().size() - batches << " batches"
              << std::setw(8) << elapsed.count() << " s" << (arrived ? "" : "  NOT COMPLETE")
              << std::endl;
    return arrived;
  }

  void report_memory() const {
    std::size_t kib = 0;
    for (const pid_t pid : node_.plugin_processes()) {
      kib += proportional_kib(pid);
    }
    std::cout << "memory (PSS, loader and worker): " << kib << " KiB" << std::endl;
  }

  ManyInstances& network() { return network_; }

 private:
  [[nodiscard]] bool all_are(const std::string& state) const {
    std::size_t right = 0;
    for (const auto& [name, told] : Told(node_.command_file()).states()) {
      right += told == state ? 1U : 0U;
    }
    return right == instances_;
  }

  std::size_t instances_;
  ManyInstances network_;
  PrivateBus bus_;
  KeepalivedNode node_;
};

}  // namespace

int main(int argc, char** argv) {
  if (!can_run_keepalived()) {
    std::cerr << "bench: needs root and keepalived\n";
    return 1;
  }
  const std::size_t instances = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1000;
  std::cout << instances << " instances, notify_batch and append_file\n";
  Bench bench(instances);
  const bool complete =
      bench.measure("start to MASTER", "MASTER", [] {}) &&
      bench.measure("links cut, MASTER to FAULT", "FAULT", [&] { bench.network().cut(); }) &&
      bench.measure("links back, to MASTER", "MASTER", [&] { bench.network().heal(); }) &&
      bench.measure("links cut again", "FAULT", [&] { bench.network().cut(); });
  bench.report_memory();
  return complete ? 0 : 1;
}
