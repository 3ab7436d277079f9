// SPDX-License-Identifier: MIT
#include "loader/plugin_security.hpp"

#include <unistd.h>

#include <exception>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "config/config_files.hpp"
#include "config/configuration.hpp"
#include "runtime/command_security.hpp"

namespace batch_notifier::loader {

namespace {

/// By the plugin's own reader, because the line may stand in an included file or depend on the
/// config id. Which notifiers there are does not matter here.
bool has_script_security(const Served& served) {
  try {
    config::DiskFiles files;
    return config::read_configuration(served.config_path,
                                      served.config_id.value_or(config::default_config_id()), files,
                                      {})
        .topology.script_security;
  } catch (const std::exception&) {
    // The plugin will say why it cannot be read.
    return false;
  }
}

}  // namespace

void require_secure_plugin(const std::string& path, const Served& served, runtime::Log& log) {
  if (geteuid() != 0) {
    return;
  }
  const std::string file = std::filesystem::absolute(path).string();
  const std::optional<runtime::CommandFlaw> flaw = runtime::find_command_flaw(file.c_str());
  if (!flaw || flaw->kind == runtime::CommandFlawKind::unreachable) {
    return;
  }
  if (has_script_security(served)) {
    throw std::runtime_error("enable_script_security refuses to load " + path + ": " +
                             describe(*flaw));
  }
  if (const auto link = runtime::find_link_flaw(file.c_str())) {
    throw std::runtime_error("cannot load " + path + ": " + describe(*link));
  }
  log.write(runtime::Severity::warning,
            "others than root can change the plugin that root loads: " + describe(*flaw) +
                "; enable_script_security would refuse it");
}

}  // namespace batch_notifier::loader
