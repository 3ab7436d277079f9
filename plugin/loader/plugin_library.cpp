// SPDX-License-Identifier: MIT
#include "loader/plugin_library.hpp"

#include <dlfcn.h>

#include <stdexcept>

namespace batch_notifier::loader {

void PluginLibrary::Close::operator()(void* library) const noexcept {
  dlclose(library);
}

PluginLibrary::PluginLibrary(const std::string& path) {
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  library_.reset(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!library_) {
    throw std::runtime_error(std::string("cannot load the plugin: ") + dlerror());
  }
  descriptor_ = static_cast<const KeepalivedPluginDescriptor*>(
      dlsym(library_.get(), KEEPALIVED_PLUGIN_SYMBOL));
  if (descriptor_ == nullptr) {
    throw std::runtime_error(path + " is no keepalived plugin: it has no symbol " +
                             KEEPALIVED_PLUGIN_SYMBOL);
  }
  if (descriptor_->abi_version != KEEPALIVED_PLUGIN_ABI_VERSION) {
    throw std::runtime_error(path + " is of ABI version " +
                             std::to_string(descriptor_->abi_version) + ", this loader needs " +
                             std::to_string(KEEPALIVED_PLUGIN_ABI_VERSION));
  }
  // A newer plugin of this version may have more at the end of its descriptor, none has less.
  if (descriptor_->size < sizeof(KeepalivedPluginDescriptor) ||
      descriptor_->check_config == nullptr || descriptor_->start == nullptr ||
      descriptor_->fd == nullptr || descriptor_->dispatch == nullptr ||
      descriptor_->stop == nullptr || descriptor_->destroy == nullptr) {
    throw std::runtime_error(path + " is no complete keepalived plugin: functions are missing");
  }
}

}  // namespace batch_notifier::loader
