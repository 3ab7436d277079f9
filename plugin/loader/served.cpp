// SPDX-License-Identifier: MIT
#include "loader/served.hpp"

#include <unistd.h>

#include <vector>

#include "loader/keepalived_command.hpp"

namespace batch_notifier::loader {

namespace {

using runtime::Severity;

constexpr const char* default_config = "/etc/keepalived/keepalived.conf";

class Finder {
 public:
  Finder(const Options& options, const KeepalivedParent& keepalived)
      : options_(options),
        keepalived_(keepalived),
        command_(parse_keepalived_command(keepalived.command_line)) {}

  ServedAnswer find() {
    decide_file();
    Served& served = answer_.served;
    served.config_id = options_.config_id ? options_.config_id : command_.config_id;
    served.net_namespace = options_.net_namespace ? options_.net_namespace : command_.net_namespace;
    add("config id", served.config_id.value_or("the host name"),
        origin(options_.config_id.has_value(), command_.config_id.has_value()));
    add("network namespace", served.net_namespace.value_or("as configured"),
        origin(options_.net_namespace.has_value(), command_.net_namespace.has_value()));
    add_remarks();
    return answer_;
  }

 private:
  void decide_file() {
    std::string& path = answer_.served.config_path;
    path = options_.config_path.value_or(command_.config_file.value_or(default_config));
    if (!options_.config_path && command_.config_file && path.front() != '/') {
      complete(path);
    }
    add("configuration", path,
        origin(options_.config_path.has_value(), command_.config_file.has_value()));
  }

  /// keepalived reads the file before it becomes a daemon and changes to "/".
  void complete(std::string& path) {
    const std::string relative = path;
    path = keepalived_.working_directory + "/" + relative;
    if (!keepalived_.working_directory.empty() && keepalived_.working_directory != "/") {
      return;
    }
    path = "/" + relative;
    const std::string first = keepalived_.first_directory + path;
    if (access(path.c_str(), F_OK) != 0 && access(first.c_str(), F_OK) == 0) {
      path = first;
    }
    doubt("keepalived was started with the relative path " + relative +
          (keepalived_.working_directory.empty() ? ", and its directory cannot be read"
                                                 : ", and has changed to / since") +
          ": start it with an absolute path");
  }

  [[nodiscard]] std::string origin(bool own_option, bool keepalived_option) const {
    if (own_option) {
      return "option of the loader";
    }
    return keepalived_option
               ? "command line of keepalived, process " + std::to_string(keepalived_.pid)
               : "default";
  }

  void add(const std::string& what, const std::string& value, const std::string& origin) {
    answer_.message +=
        (answer_.message.empty() ? "serves " : ", ") + what + " " + value + " (" + origin + ")";
  }

  void add_remarks() {
    if (!keepalived_.unreadable.empty()) {
      if (!options_.config_path || !options_.config_id) {
        doubt("the command line of keepalived cannot be read: " + keepalived_.unreadable +
              ": if it has -f, -i or -s, give the loader -f, -i or -n");
      }
    } else if (keepalived_.pid == 0) {
      answer_.message += "; keepalived is not among the parent processes";
    }
    for (const std::string& doubt : doubts_) {
      answer_.message += "; " + doubt;
    }
  }

  void doubt(const std::string& text) {
    answer_.severity = Severity::warning;
    doubts_.push_back(text);
  }

  const Options& options_;
  const KeepalivedParent& keepalived_;
  const KeepalivedCommand command_;
  ServedAnswer answer_{{}, Severity::notice, {}};
  std::vector<std::string> doubts_;
};

}  // namespace

ServedAnswer find_served(const Options& options, const KeepalivedParent& keepalived) {
  return Finder(options, keepalived).find();
}

}  // namespace batch_notifier::loader
