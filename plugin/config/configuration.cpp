// SPDX-License-Identifier: MIT
#include "config/configuration.hpp"

#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <sys/utsname.h>

#include "config/advice.hpp"
#include "config/block_reader.hpp"
#include "config/instance_block.hpp"
#include "config/line_reader.hpp"
#include "config/settings_reader.hpp"
#include "config/topology_builder.hpp"
#include "config/values.hpp"
#include "config/words.hpp"

namespace batch_notifier::config {

namespace {

// Reads the blocks and keywords that stand outside of any block.
class TopLevel {
 public:
  TopLevel(LineReader& lines, Problems& problems, ConfigFiles& files,
           std::span<const core::NotifierKind> kinds)
      : problems_(problems),
        files_(files),
        kinds_(kinds),
        settings_(problems, kinds),
        blocks_(lines, problems, [this](const Line& line) { take_setting(line); }) {}

  void read() {
    blocks_.read([this](const Statement& statement) { read_statement(statement); });
  }

  Configuration finish() {
    Configuration configuration;
    configuration.settings = settings_.take_settings();
    leave_out_unusable(configuration.settings.notifiers, topology_.script_security);
    configuration.topology = std::move(topology_);
    configuration.topology.instances =
        build_instances(std::move(instances_), groups_, defaults_, problems_);
    for (core::Instance& instance : configuration.topology.instances) {
      // Leaves the instance's own labels as they are.
      instance.labels.insert(settings_.labels().begin(), settings_.labels().end());
    }
    configuration.scripts = std::move(scripts_);
    configuration.problems = problems_.take();
    configuration.warnings = advise(configuration, files_);
    return configuration;
  }

 private:
  void read_statement(const Statement& statement) {
    const std::string& keyword = statement.words.front();
    if (keyword == "global_defs") {
      blocks_.enter(statement, [this](const Statement& inner) { read_global(inner); });
    } else if (keyword == "vrrp_instance") {
      read_instance(statement);
    } else if (keyword == "vrrp_sync_group") {
      read_sync_group(statement);
    } else if (keyword == "net_namespace") {
      take_first_value(statement, topology_.net_namespace);
    } else if (keyword == "instance") {
      take_first_value(statement, topology_.instance_name);
    }
  }

  void read_global(const Statement& statement) {
    const std::string& keyword = statement.words.front();
    if (keyword == "enable_dbus") {
      topology_.dbus_enabled = true;
    } else if (keyword == "enable_script_security") {
      topology_.script_security = true;
    } else if (keyword == "dbus_service_name") {
      take_value(statement, topology_.dbus_service_name);
    } else if (keyword == "dbus_no_interface_name") {
      take_value(statement, topology_.dbus_no_interface_name);
    } else if (keyword == "vmac_prefix") {
      take_first_value(statement, defaults_.vmac_prefix);
    } else if (keyword == "vmac_addr_prefix") {
      take_first_value(statement, defaults_.vmac_addr_prefix);
    } else if (keyword == "vrrp_notify_fifo" || keyword == "notify_fifo") {
      take_first_value(statement, fifo_of(keyword).path);
    } else if (keyword == "vrrp_notify_fifo_script" || keyword == "notify_fifo_script") {
      take_script(statement, fifo_of(keyword));
    } else if (keyword == "vrrp_version" && statement.words.size() > 1) {
      const std::optional<std::uint64_t> version = parse_number(statement.words[1], 2, 3);
      defaults_.version = static_cast<unsigned>(version.value_or(defaults_.version));
    }
  }

  void read_instance(const Statement& statement) {
    if (!is_named(statement)) {
      skip(statement);
      return;
    }
    const std::string& name = statement.words[1];
    if (!instance_names_.insert(name).second) {
      problems_.add(statement.location,
                    "there is an instance " + shown(name) + " already; this one is ignored");
      skip(statement);
      return;
    }
    InstanceDraft& draft = instances_.emplace_back();
    draft.instance.name = name;
    draft.instance.location = statement.location;
    InstanceBlock block(blocks_, problems_, draft);
    current_ = &draft.instance;
    if (!blocks_.enter(statement, [&block](const Statement& inner) { block.read(inner); })) {
      problems_.add(statement.location, "no '{' after vrrp_instance " + shown(name));
    }
    current_ = nullptr;
  }

  void read_sync_group(const Statement& statement) {
    if (!is_named(statement)) {
      skip(statement);
      return;
    }
    const std::string& name = statement.words[1];
    if (!group_names_.insert(name).second) {
      problems_.add(statement.location,
                    "there is a sync group " + shown(name) + " already; this one is ignored");
      skip(statement);
      return;
    }
    SyncGroupDraft group;
    group.name = name;
    group.location = statement.location;
    blocks_.enter(statement, [&](const Statement& inner) {
      // keepalived takes the first list only.
      if (inner.words.front() == "group" && group.members.empty()) {
        blocks_.enter(inner, [&](const Statement& members) {
          group.members.insert(group.members.end(), members.words.begin(), members.words.end());
        });
      }
    });
    groups_.push_back(std::move(group));
  }

  // At the end, because enable_script_security may stand behind the commands that it restricts. The
  // others keep their numbers, so that nobody's name changes when a file's mode does.
  void leave_out_unusable(std::vector<core::NotifierSettings>& notifiers, bool script_security) {
    std::vector<core::NotifierSettings> kept;
    for (core::NotifierSettings& notifier : notifiers) {
      const core::NotifierKind* kind = core::find_kind(kinds_, notifier.kind);
      notifier.runs_command = kind != nullptr && kind->runs_command;
      notifier.script_security = script_security && kind != nullptr && kind->script_security;
      if (const std::optional<std::string> reason = objection_to(notifier)) {
        problems_.add(notifier.location, *reason + "; the line is ignored");
      } else {
        kept.push_back(std::move(notifier));
      }
    }
    notifiers = std::move(kept);
  }

  std::optional<std::string> objection_to(const core::NotifierSettings& notifier) {
    if (notifier.user) {
      if (std::optional<std::string> flaw = files_.user_flaw(*notifier.user)) {
        return flaw;
      }
    }
    if (!notifier.script_security) {
      return std::nullopt;
    }
    const std::string& path = notifier.target.front();
    const core::NotifierKind* kind = core::find_kind(kinds_, notifier.kind);
    if (kind != nullptr && kind->runs_command) {
      return refusal("the command", path, files_.command_flaw(path));
    }
    // A file of another user is written by that user.
    return notifier.user ? std::nullopt : refusal("the file", path, files_.file_flaw(path));
  }

  static std::optional<std::string> refusal(const std::string& what, const std::string& path,
                                            const std::optional<std::string>& flaw) {
    return flaw ? std::optional("enable_script_security refuses " + what + " " + shown(path) +
                                ": " + *flaw)
                : std::nullopt;
  }

  bool is_named(const Statement& statement) {
    if (statement.words.size() == 2 && !statement.words[1].empty()) {
      return true;
    }
    problems_.add(statement.location,
                  statement.words.front() + " takes one name; the block is ignored");
    return false;
  }

  // Passes over a block. Its settings are meant for an instance that there is not.
  void skip(const Statement& statement) {
    skipping_ = true;
    blocks_.enter(statement, [](const Statement&) {});
    skipping_ = false;
  }

  void take_value(const Statement& statement, std::string& value) {
    if (statement.words.size() < 2) {
      problems_.add(statement.location,
                    statement.words.front() + " lacks its value; the line is ignored");
      return;
    }
    value = statement.words[1];
  }

  // For keywords of which keepalived takes the first.
  void take_first_value(const Statement& statement, std::string& value) {
    std::string taken;
    take_value(statement, taken);
    if (value.empty()) {
      value = std::move(taken);
    }
  }

  FifoScript& fifo_of(const std::string& keyword) {
    return keyword.starts_with("vrrp_") ? scripts_.vrrp : scripts_.all;
  }

  // The command and its arguments are one word in quotes, or none.
  static void take_script(const Statement& statement, FifoScript& fifo) {
    if (!fifo.script.empty() || statement.words.size() < 2) {
      return;
    }
    if (const std::optional<std::vector<std::string>> words = split_command(statement.words[1])) {
      fifo.script = *words;
      fifo.script_at = statement.location;
    }
  }

  void take_setting(const Line& line) {
    if (!skipping_) {
      settings_.read(line, current_);
    }
  }

  Problems& problems_;
  ConfigFiles& files_;
  std::span<const core::NotifierKind> kinds_;
  SettingsReader settings_;
  BlockReader blocks_;
  core::Topology topology_;
  FifoScripts scripts_;
  InstanceDefaults defaults_;
  std::vector<InstanceDraft> instances_;
  std::vector<SyncGroupDraft> groups_;
  std::unordered_set<std::string> instance_names_;
  std::unordered_set<std::string> group_names_;
  core::Instance* current_ = nullptr;
  bool skipping_ = false;
};

}  // namespace

Configuration read_configuration(const std::string& path, const std::string& config_id,
                                 ConfigFiles& files, std::span<const core::NotifierKind> kinds) {
  Problems problems;
  LineReader lines(path, config_id, files, problems);
  TopLevel top_level(lines, problems, files, kinds);
  top_level.read();
  return top_level.finish();
}

std::string default_config_id() {
  utsname node{};
  if (uname(&node) != 0) {
    return {};
  }
  const std::string_view name = node.nodename;
  return std::string(name.substr(0, name.find('.')));
}

}  // namespace batch_notifier::config
