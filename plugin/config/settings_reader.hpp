// SPDX-License-Identifier: MIT
/// @file
/// `@batch_notifier KEY VALUE…` to settings. A table of keys says what may stand where; each bad line
/// gives one problem and changes nothing. Words are split like keepalived's script keywords.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "config/line_reader.hpp"
#include "config/problem.hpp"
#include "core/settings.hpp"
#include "core/topology.hpp"

namespace batch_notifier::config {

/// Collects the settings of one configuration.
class SettingsReader {
 public:
  /// `problems` must outlive this.
  explicit SettingsReader(Problems& problems) : problems_(problems) {}

  /// Takes one line. `instance` is the instance in whose block it stands, or null.
  void read(const Line& line, core::Instance* instance);

  /// Hands over the settings; to be called once, at the end.
  core::Settings take_settings() { return std::move(settings_); }

  /// The labels that apply to every instance.
  [[nodiscard]] const core::Labels& labels() const { return labels_; }

 private:
  /// What is wrong with a line; empty if nothing is.
  using Complaint = std::string;
  using Words = std::vector<std::string>;

  Complaint read_words(const core::SourceLocation& location, const Words& words,
                       core::Instance* instance);
  Complaint read_master_hold(const Words& words, core::Instance* instance);
  Complaint read_label(const Words& words, core::Instance* instance);
  Complaint read_max_changes(const Words& words);
  Complaint read_notifier(core::NotifierKind kind, const core::SourceLocation& location,
                          const Words& words);

  Problems& problems_;
  core::Settings settings_;
  core::Labels labels_;
  std::array<std::size_t, core::notifier_kind_count> notifiers_of_kind_{};
};

}  // namespace batch_notifier::config
