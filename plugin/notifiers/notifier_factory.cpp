// SPDX-License-Identifier: MIT
#include "notifiers/notifier_factory.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

#include "notifiers/append_file.hpp"
#include "notifiers/notify_batch.hpp"
#include "runtime/text.hpp"

namespace batch_notifier::notifiers {

namespace {

using core::OptionValue;
using core::TargetForm;
using Make = std::unique_ptr<Notifier> (*)(runtime::EventLoop& loop, runtime::Log& log,
                                           const core::NotifierSettings& settings);

template <typename Kind>
std::unique_ptr<Notifier> make(runtime::EventLoop& loop, runtime::Log& log,
                               const core::NotifierSettings& settings) {
  return std::make_unique<Kind>(loop, log, settings);
}

constexpr std::array<std::string_view, 8> for_commands = {
    "timeout", "retry_max", "repeat_interval", "user",
    "states",  "instances", "in_namespace",    "env"};
constexpr std::array<std::string_view, 7> for_receivers = {
    "timeout", "retry_max", "repeat_interval", "user", "states", "instances", "in_namespace"};
constexpr std::array<std::string_view, 6> for_files = {"timeout", "retry_max", "repeat_interval",
                                                       "user",    "states",    "instances"};

constexpr std::array<core::OwnOption, 7> of_http = {{{"format", OptionValue::word},
                                                     {"header_file", OptionValue::file},
                                                     {"secret_file", OptionValue::file},
                                                     {"ca_file", OptionValue::file},
                                                     {"cert_file", OptionValue::file},
                                                     {"key_file", OptionValue::file},
                                                     {"max_events", OptionValue::number}}};
constexpr std::array<core::OwnOption, 1> of_state_file = {{{"style", OptionValue::word}}};
constexpr std::array<core::OwnOption, 1> of_metrics_file = {
    {{"exporter_names", OptionValue::word}}};

// A row of the table. A kind that cannot be made is not available.
struct Row {
  std::string_view keyword;
  TargetForm target;
  std::span<const std::string_view> options;
  std::span<const core::OwnOption> own_options;
  bool runs_command;
  bool script_security;
  Make make;
};

constexpr std::array<Row, 7> rows = {{
    {"notify_batch", TargetForm::command, for_commands, {}, true, true, make<NotifyBatch>},
    {"notify_each", TargetForm::command, for_commands, {}, true, true, nullptr},
    {"notify_http", TargetForm::url, for_receivers, of_http, false, false, nullptr},
    {"notify_neutron", TargetForm::socket, for_receivers, {}, false, false, nullptr},
    {"append_file", TargetForm::file, for_files, {}, false, true, make<AppendFile>},
    {"state_file", TargetForm::file, for_files, of_state_file, false, true, nullptr},
    {"metrics_file", TargetForm::file, for_files, of_metrics_file, false, true, nullptr},
}};

std::array<core::NotifierKind, rows.size()> describe_rows() {
  std::array<core::NotifierKind, rows.size()> seen{};
  std::transform(rows.begin(), rows.end(), seen.begin(), [](const Row& row) {
    return core::NotifierKind{row.keyword,        row.target,       row.options,
                              row.own_options,    row.runs_command, row.script_security,
                              row.make != nullptr};
  });
  return seen;
}

}  // namespace

std::span<const core::NotifierKind> notifier_kinds() {
  // Not constexpr: with UBSan, g++ does not take a function's address for a constant.
  static const std::array<core::NotifierKind, rows.size()> kinds = describe_rows();
  return kinds;
}

std::unique_ptr<Notifier> make_notifier(runtime::EventLoop& loop, runtime::Log& log,
                                        const core::NotifierSettings& settings) {
  const auto* const row = std::find_if(
      rows.begin(), rows.end(), [&](const Row& each) { return each.keyword == settings.kind; });
  if (row == rows.end() || row->make == nullptr) {
    throw std::runtime_error(runtime::location_prefix(settings.location) + settings.kind +
                             " is not available in this version");
  }
  return row->make(loop, log, settings);
}

}  // namespace batch_notifier::notifiers
