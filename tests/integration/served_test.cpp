// SPDX-License-Identifier: MIT
/// @file
/// Which configuration the loader serves: the one that keepalived was started with, unless its own
/// options say otherwise.
#define BOOST_TEST_DYN_LINK
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <list>
#include <map>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/wait.h>

#include "tests/support/loader.hpp"
#include "tests/support/lone_node.hpp"
#include "tests/support/process.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

namespace {

/// A shell that looks like a keepalived: its file has that name, and its own options are followed
/// by keepalived's. It runs the loader, or a command that does.
struct FakeKeepalived : LoaderBench {
  FakeKeepalived() { std::filesystem::copy("/bin/bash", program); }

  /// The loader's command line, with these options.
  [[nodiscard]] std::string loader(const std::string& options = "") const {
    return std::filesystem::absolute(built("keepalived-plugin-loader")).string() + " -l -s " +
           state_dir + " " + options + " " + std::filesystem::absolute(plugin).string() + " " +
           fifo_path;
  }

  /// Starts it as `keepalived -c COMMAND keepalived OPTION…`; -c is an option with an argument in
  /// both. With "/" as working directory, as a daemon.
  Process& start_as_keepalived(const std::string& command, const std::vector<std::string>& options,
                               const std::string& working_directory = "/") {
    std::vector<std::string> words{"env",       "-C", working_directory,
                                   program,     "-c", "trap : TERM; " + command + " & wait; wait",
                                   "keepalived"};
    words.insert(words.end(), options.begin(), options.end());
    return started.emplace_back(words, output_path,
                                std::map<std::string, std::string>{
                                    {"FAKE_PLUGIN_TRACE", trace_path}, {"PWD", directory.path()}});
  }

  /// Whether the output has this, by and by.
  [[nodiscard]] bool logs(const std::string& text) const {
    return wait_until([&] { return output().find(text) != std::string::npos; });
  }

  ~FakeKeepalived() {
    // Orphans of the shell come here; the loader stops its worker.
    for (Process& each : started) {
      kill(each.pid(), SIGKILL);
    }
  }

  std::string program = directory.file("keepalived");
  std::string other_config = directory.file("other.conf");
  std::list<Process> started;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(served, FakeKeepalived)

BOOST_AUTO_TEST_CASE(keepaliveds_command_line_names_file_id_and_namespace) {
  write_file(other_config, "leave\n");
  const Process& keepalived =
      start_as_keepalived(loader(), {"-Dlf", other_config, "--config-i=blue", "-nsns1"});
  BOOST_TEST(wait_for_trace(" id=blue namespace=ns1 config=" + other_config + " "), trace());
  const std::string origin =
      " (command line of keepalived, process " + std::to_string(keepalived.pid()) + ")";
  BOOST_TEST(logs(": serves configuration " + other_config + origin + ", config id blue" + origin +
                  ", network namespace ns1" + origin + "\n"),
             output());
}

BOOST_AUTO_TEST_CASE(keepalived_is_found_behind_a_wrapper) {
  write_file(other_config, "leave\n");
  start_as_keepalived("sh -c '" + loader() + "; :'", {"-i", "blue", "--use-file", other_config});
  BOOST_TEST(wait_for_trace(" id=blue namespace=none config=" + other_config + " "), trace());
}

BOOST_AUTO_TEST_CASE(options_of_the_loader_override) {
  write_file(other_config, "leave\n");
  start_as_keepalived(loader("-f " + other_config + " --config-id red -n ns2"),
                      {"-f", config_path, "-i", "blue", "-s", "ns1"});
  BOOST_TEST(wait_for_trace(" id=red namespace=ns2 config=" + other_config + " "), trace());
  BOOST_TEST(logs(": serves configuration " + other_config +
                  " (option of the loader), config id red (option of the loader), network "
                  "namespace ns2 (option of the loader)\n"),
             output());
}

BOOST_AUTO_TEST_CASE(a_relative_path_begins_where_keepalived_works) {
  write_file(other_config, "leave\n");
  start_as_keepalived(loader(), {"-f", "other.conf"}, directory.path());
  BOOST_TEST(wait_for_trace(" config=" + other_config + " "), trace());
  BOOST_TEST(output().find("relative path") == std::string::npos, output());
}

BOOST_AUTO_TEST_CASE(a_relative_path_of_a_daemon_begins_where_it_was_started) {
  write_file(other_config, "leave\n");
  start_as_keepalived(loader(), {"-f", "other.conf"});
  BOOST_TEST(wait_for_trace(" config=" + other_config + " "), trace());
  BOOST_TEST(logs("; keepalived was started with the relative path other.conf, and has changed to "
                  "/ since: start it with an absolute path\n"),
             output());
}

BOOST_AUTO_TEST_CASE(without_keepalived_the_defaults_are_served_and_logged) {
  configure("leave");
  start();
  BOOST_TEST(wait_for_trace(" id=none namespace=none config=" + config_path + " "), trace());
  BOOST_TEST(logs(", config id the host name (default), network namespace as configured "
                  "(default); keepalived is not among the parent processes\n"),
             output());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(served_by_keepalived, *boost::unit_test::precondition(keepalived_runs))

BOOST_AUTO_TEST_CASE(a_keepalived_with_another_file_and_config_id_is_told) {
  NodeSetup setup;
  setup.loader_is_given_config = false;
  setup.keepalived_options = {"-Ri", "blue"};
  std::string by_id;
  for (const auto& [id, name, vrid] :
       {std::array{"@blue ", "VI_BLUE", "77"}, std::array{"@^blue ", "VI_RED", "78"}}) {
    for (const std::string& line :
         {"vrrp_instance " + std::string(name) + " {", std::string("interface d0"),
          "virtual_router_id " + std::string(vrid), std::string("advert_int 0.1"),
          std::string("virtual_ipaddress {"), "203.0.113." + std::string(vrid) + "/24",
          std::string("}"), std::string("}")}) {
      by_id += id + line + "\n";
    }
  }
  LoneNode node(1, setup, by_id);
  node.node.start();
  expect_states(node.node, {{"VI_0", "MASTER"}, {"VI_BLUE", "MASTER"}});
}

/// Another name of a network namespace: D-Bus has no object paths with the hyphens of ours.
class NamespaceAlias {
 public:
  explicit NamespaceAlias(const NetworkNamespace& where) {
    write_file("/run/netns/" + name, "");
    run({"mount", "--bind", "/run/netns/" + where.name(), "/run/netns/" + name});
  }
  NamespaceAlias(const NamespaceAlias&) = delete;
  NamespaceAlias& operator=(const NamespaceAlias&) = delete;
  ~NamespaceAlias() { Process({"ip", "netns", "delete", name}).wait(); }

  const std::string name = "bn_alias_" + std::to_string(getpid());
};

BOOST_AUTO_TEST_CASE(a_keepalived_in_a_namespace_of_its_command_line_is_heard_on_dbus) {
  const ManyInstances network;
  const NamespaceAlias alias(network.node);
  const PrivateBus bus;
  NodeSetup setup;
  setup.bus_address = bus.address();
  setup.loader_is_given_config = false;
  setup.keepalived_options = {"--namespace=" + alias.name};
  KeepalivedNode node(network.node, setup, LoneNode::configuration(1));
  node.start();
  expect_states(node, {{"VI_0", "MASTER"}});
  expect_field(node, "VI_0", "authority", "dbus");
  expect_field(node, "VI_0", "namespace", alias.name);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace batch_notifier::tests
