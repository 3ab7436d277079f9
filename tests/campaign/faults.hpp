// SPDX-License-Identifier: MIT
/// @file
/// Everything that may go wrong, as a table to draw from. A fault depends on nothing but the random
/// numbers and on what the program itself has done before, so that a seed makes the same program
/// again.
#pragma once

#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/campaign/world.hpp"

namespace batch_notifier::tests {

/// Draws faults and commits them.
class Faults {
 public:
  /// `world` must outlive it.
  Faults(World& world, unsigned seed) : world_(world), random_(seed) {}

  /// Commits a few faults with short pauses, then ends those that must not last: consumers work
  /// again and the plugin is there if keepalived is. Returns what was done, for people.
  std::string round();

  /// Whether a process of the plugin was disturbed in this round, and may have missed last words.
  [[nodiscard]] bool plugin_was_disturbed() const { return plugin_disturbed_; }
  /// How often each fault was committed.
  [[nodiscard]] const std::map<std::string, std::size_t>& committed() const { return committed_; }

 private:
  struct Kind;
  static const std::vector<Kind>& kinds();

  std::size_t draw(std::size_t below) { return random_() % below; }
  void pause();
  void commit_one(std::string& log);
  void end_round(std::string& log);

  [[nodiscard]] bool runs() const { return world_.life() == Life::running; }
  void change_cable();
  void change_bus();
  void change_plan();
  void start_or_stop();
  void kill_worker();
  void kill_supervisor();
  void freeze_worker();
  void flood_fifo();
  void write_garbage();
  void unlink_fifo();
  void storm_addresses();
  void delete_vip();
  void add_vip();
  void forge_signals();
  void trouble_command();

  World& world_;
  std::mt19937 random_;
  std::map<std::string, std::size_t> committed_;
  std::string note_;
  bool plugin_disturbed_ = false;
  bool untold_ = false;
};

}  // namespace batch_notifier::tests
