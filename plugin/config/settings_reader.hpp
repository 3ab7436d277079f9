// SPDX-License-Identifier: MIT
/// @file
/// `@batch_notifier KEY VALUE…` to settings. A table has the keys and the places where each is
/// allowed; each bad line gives one problem and changes nothing. Words are split like keepalived's
/// script keywords.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/line_reader.hpp"
#include "config/notifier_line.hpp"
#include "config/problem.hpp"
#include "core/notifier_kind.hpp"
#include "core/settings.hpp"
#include "core/topology.hpp"

namespace batch_notifier::config {

/// Collects the settings of one configuration.
class SettingsReader {
 public:
  /// `problems` and `kinds`, the kinds of notifiers that there are, must outlive this.
  SettingsReader(Problems& problems, std::span<const core::NotifierKind> kinds)
      : problems_(problems), kinds_(kinds) {}

  /// Takes one line. `instance` is the instance in whose block it stands, or null.
  void read(const Line& line, core::Instance* instance);

  /// Hands over the settings; to be called once, at the end.
  core::Settings take_settings() { return std::move(settings_); }

  /// The labels that apply to every instance.
  [[nodiscard]] const core::Labels& labels() const { return labels_; }

 private:
  using Words = std::vector<std::string>;

  Complaint read_words(const core::SourceLocation& location, const Words& words,
                       core::Instance* instance);
  Complaint read_master_hold(const std::string& word, core::Instance* instance);
  Complaint read_label(const Words& words, core::Instance* instance);
  Complaint read_max_changes(const std::string& word);
  Complaint read_notifier(const core::NotifierKind& kind, const core::SourceLocation& location,
                          const Words& words, bool in_instance);
  core::Duration* find_time(std::string_view key);

  Problems& problems_;
  std::span<const core::NotifierKind> kinds_;
  core::Settings settings_;
  core::Labels labels_;
  std::map<std::string, std::size_t> notifiers_of_kind_;
};

}  // namespace batch_notifier::config
