// SPDX-License-Identifier: MIT
#include "config/advice.hpp"

#include <algorithm>
#include <optional>

#include "runtime/text.hpp"

namespace batch_notifier::config {

namespace {

constexpr std::string_view loader_name = "keepalived-plugin-loader";

std::string place(const core::SourceLocation& location) {
  return location.file + ":" + std::to_string(location.line);
}

// Why this FIFO does not start the loader; nothing if it does.
std::optional<std::string> hindrance(const FifoScript& fifo, const std::string& keyword) {
  if (fifo.script.empty()) {
    return "there is no " + keyword + "_script";
  }
  if (fifo.path.empty()) {
    return keyword + "_script at " + place(fifo.script_at) + " has no " + keyword + " beside it";
  }
  const bool loader = std::any_of(
      fifo.script.begin(), fifo.script.end(),
      [](const std::string& word) { return word.substr(word.rfind('/') + 1) == loader_name; });
  if (!loader) {
    return keyword + "_script at " + place(fifo.script_at) + ", the first one, runs " +
           shown(fifo.script.front());
  }
  return std::nullopt;
}

}  // namespace

std::string count_parts(const Configuration& configuration) {
  return runtime::count_text(configuration.topology.instances.size(), "instance") + ", " +
         runtime::count_text(configuration.settings.notifiers.size(), "notifier");
}

std::string started_by_keepalived(const FifoScripts& scripts) {
  const std::optional<std::string> vrrp = hindrance(scripts.vrrp, "vrrp_notify_fifo");
  const std::optional<std::string> both = hindrance(scripts.all, "notify_fifo");
  if (!vrrp || !both) {
    return "yes";
  }
  return "no, because " +
         (scripts.vrrp.script.empty() && !scripts.all.script.empty() ? *both : *vrrp);
}

std::vector<Problem> advise(const Configuration& configuration, ConfigFiles& files) {
  std::vector<Problem> warnings;
  if (configuration.settings.notifiers.empty()) {
    warnings.push_back(
        {{},
         "no usable notifier is configured: state changes are not delivered to anyone; add "
         "a line such as @batch_notifier notify_batch \"COMMAND\""});
  }
  if (configuration.topology.instances.empty()) {
    warnings.push_back(
        {{}, "no vrrp_instance is configured: there are no state changes to deliver"});
  }
  for (const core::NotifierSettings& notifier : configuration.settings.notifiers) {
    if (!notifier.runs_command) {
      continue;
    }
    if (const std::optional<std::string> trouble = files.command_trouble(notifier.target.front())) {
      warnings.push_back({notifier.location, "the command " + shown(notifier.target.front()) + " " +
                                                 *trouble + ": deliveries fail until it can run"});
    }
  }
  return warnings;
}

}  // namespace batch_notifier::config
