// SPDX-License-Identifier: MIT
#include "host_configuration.hpp"

#include <string>

#include "notifiers/notifier_factory.hpp"

namespace batch_notifier {

config::Configuration read_host_configuration(const KeepalivedPluginHost& host) {
  const std::string config_id =
      host.config_id != nullptr ? host.config_id : config::default_config_id();
  config::DiskFiles files;
  config::Configuration configuration =
      config::read_configuration(host.config_path, config_id, files, notifiers::notifier_kinds());
  if (host.net_namespace != nullptr) {
    configuration.topology.net_namespace = host.net_namespace;
  }
  return configuration;
}

}  // namespace batch_notifier
