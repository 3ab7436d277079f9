// SPDX-License-Identifier: MIT
// The loader as a program: its command line, its exit statuses, what it tells the plugin.
#define BOOST_TEST_DYN_LINK
#include "tests/support/loader.hpp"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/support/privilege.hpp"
#include "tests/support/process.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

namespace {

// Exit status of a process that ends by itself, or -1.
int exit_status(Process& process) {
  const std::optional<int> status = process.wait();
  return status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A shared object that is surely there and no plugin.
std::string c_library() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t path = line.find('/');
    if (path != std::string::npos && contains(line, "/libc") && contains(line, ".so")) {
      return line.substr(path);
    }
  }
  throw std::runtime_error("the C library is not mapped");
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(loader, LoaderBench)

BOOST_AUTO_TEST_CASE(bad_usage_is_named_in_one_line_and_a_hint) {
  struct Case {
    std::vector<std::string> arguments;
    std::string complaint;
  };
  const std::vector<Case> cases = {
      {{}, "no plugin given"},
      {{"--log-console"}, "no plugin given"},
      {{"-t"}, "no plugin given"},
      {{"a.so", "fifo", "more"}, "too many arguments"},
      {{"--bogus", "a.so"}, "unrecognized option '--bogus'"},
      {{"-x", "a.so"}, "invalid option -- 'x'"},
      {{"a.so", "-f"}, "option requires an argument -- 'f'"},
      {{"a.so", "--state-dir"}, "option '--state-dir' requires an argument"},
      {{"--help=me"}, "option '--help' doesn't allow an argument"},
  };
  std::string before;
  for (const Case& each : cases) {
    BOOST_TEST_CONTEXT(each.complaint) {
      BOOST_TEST(exit_status(start_plain(each.arguments)) == 2);
      const std::string printed = output().substr(before.size());
      const std::size_t line_end = printed.find('\n');
      BOOST_TEST(contains(printed.substr(0, line_end), each.complaint), printed);
      BOOST_TEST(printed.substr(line_end + 1) ==
                 "Try 'keepalived-plugin-loader --help' for more information.\n");
      before = output();
    }
  }
}

BOOST_AUTO_TEST_CASE(help_and_version_need_no_plugin) {
  for (const std::string option : {"-v", "--version", "-h", "--help"}) {
    BOOST_TEST(exit_status(start_plain({option})) == 0);
  }
  const std::string version = "keepalived-plugin-loader " BATCH_NOTIFIER_VERSION "\n";
  BOOST_TEST(contains(output(), version + version + "Usage: "), output());
  for (const std::string name : {"-f, --config FILE", "-i, --config-id ID", "-n, --namespace NAME",
                                 "-s, --state-dir DIR", "-t, --config-test", "-l, --log-console",
                                 "-D, --log-detail", "-h, --help", "-v, --version"}) {
    BOOST_TEST(contains(output(), name), name);
  }
}

BOOST_AUTO_TEST_CASE(a_plugin_or_file_that_cannot_be_read_ends_with_status_4) {
  struct Case {
    std::string plugin;
    std::string behaviour;
    std::string complaint;
  };
  const std::string text_file = directory.file("text.so");
  write_file(text_file, "this is no shared object\n");
  const std::string missing = directory.file("missing.so");
  const std::vector<Case> cases = {
      {missing, "normal", "cannot read " + missing + ": No such file or directory"},
      {text_file, "normal", "cannot load the plugin: " + text_file},
      {c_library(), "normal", "is no keepalived plugin"},
      {built("tests/fake_plugin_abi2.so"), "normal", "is of ABI version 2, this loader needs 1"},
      {plugin, "fail_start " + std::to_string(ENOENT), "cannot start: No such file or directory"},
      {plugin, "fail_start " + std::to_string(EACCES), "cannot start: Permission denied"},
      {plugin, "fail_start " + std::to_string(EINVAL), "cannot start: Invalid argument"},
  };
  std::string before;
  for (const Case& each : cases) {
    BOOST_TEST_CONTEXT(each.complaint) {
      plugin = each.plugin;
      configure(each.behaviour);
      BOOST_TEST(exit_status(start()) == 4);
      const std::string printed = output().substr(before.size());
      BOOST_TEST(contains(printed, each.complaint), printed);
      before = output();
    }
  }
}

BOOST_AUTO_TEST_CASE(a_plugin_that_leaves_by_itself_ends_the_loader) {
  configure("leave");
  BOOST_TEST(exit_status(start()) == 0);
  BOOST_TEST(wait_for_workers(1).size() == 1U);
  BOOST_TEST(contains(trace(), "\ndestroy\n"), trace());
}

BOOST_AUTO_TEST_CASE(a_configuration_test_prints_every_problem_and_starts_nothing) {
  struct Case {
    std::string plugin;
    std::string behaviour;
    int expected_status;
    std::string expected_output;
  };
  const std::string missing = directory.file("missing.so");
  const std::vector<Case> cases = {
      {plugin, "normal", 0, ""},
      {plugin, "problems 3", 5,
       config_path + ": something is odd\n" + config_path + ":1: something is odd\n" + config_path +
           ":2: something is odd\n"},
      {plugin, "", 4, "keepalived-plugin-loader: cannot read the configuration\n"},
      {missing, "normal", 4,
       "keepalived-plugin-loader: cannot load the plugin: " + missing +
           ": cannot open shared object file: No such file or directory\n"},
  };
  std::string before;
  for (const Case& each : cases) {
    BOOST_TEST_CONTEXT(each.plugin << " with " << each.behaviour) {
      configure(each.behaviour);
      BOOST_TEST(exit_status(start_plain({"-t", "-f", config_path, each.plugin})) ==
                 each.expected_status);
      BOOST_TEST(output().substr(before.size()) == each.expected_output);
      before = output();
    }
  }
  BOOST_TEST(trace() == "checked\nchecked\n");
}

BOOST_AUTO_TEST_CASE(a_plugin_that_others_can_replace_is_refused_under_script_security,
                     *boost::unit_test::precondition(is_root)) {
  const std::string folder = directory.file("open");
  std::filesystem::create_directory(folder);
  run({"chmod", "0777", folder});
  run({"cp", plugin, folder + "/plugin.so"});
  plugin = folder + "/plugin.so";
  const std::string open_folder = folder + " can be written by everybody";
  const std::string config = "normal\nglobal_defs {\n";

  write_file(config_path, config + "enable_script_security\n}\n");
  BOOST_TEST(exit_status(start()) == 4);
  BOOST_TEST(exit_status(start_plain({"-t", "-f", config_path, plugin})) == 4);
  const std::string refusal =
      "enable_script_security refuses to load " + plugin + ": " + open_folder;
  BOOST_TEST(contains(output(), "]: " + refusal), output());
  BOOST_TEST(contains(output(), "\nkeepalived-plugin-loader: " + refusal), output());
  BOOST_TEST(trace() == "");

  // Depends on the config id, and is off.
  write_file(config_path, config + "@blue enable_script_security\n}\n");
  BOOST_TEST(exit_status(start_plain({"-t", "-i", "blue", "-f", config_path, plugin})) == 4);
  Process& loader = start();
  BOOST_TEST(wait_for_workers(1).size() == 1U);
  BOOST_TEST(
      contains(output(), "others than root can change the plugin that root loads: " + open_folder),
      output());
  loader.signal(SIGTERM);
  BOOST_TEST(exit_status(loader) == 0);
}

BOOST_AUTO_TEST_CASE(a_plugin_is_not_loaded_by_way_of_another_users_link,
                     *boost::unit_test::precondition(is_root)) {
  configure("normal");
  const std::string link = directory.file("link.so");
  std::filesystem::create_symlink(std::filesystem::absolute(plugin), link);
  plugin = link;
  BOOST_TEST(exit_status(start_plain({"-t", "-f", config_path, plugin})) == 0);
  run({"chown", "-h", "65534", link});
  BOOST_TEST(exit_status(start()) == 4);
  BOOST_TEST(contains(output(), "cannot load " + link + ": " + link +
                                    " is a link that others could have placed"),
             output());
  BOOST_TEST(trace() == "checked\n");
}

BOOST_AUTO_TEST_CASE(a_path_without_a_slash_is_a_file_in_the_working_directory) {
  configure("normal");
  run({"cp", plugin, directory.file("here.so")});
  Process loader({"env", "-C", directory.path(), "LD_LIBRARY_PATH=/nonexistent",
                  std::filesystem::absolute(built("keepalived-plugin-loader")).string(), "-t", "-f",
                  config_path, "here.so"},
                 output_path);
  BOOST_TEST(exit_status(loader) == 0);
  BOOST_TEST(output() == "");
}

BOOST_AUTO_TEST_CASE(the_plugin_learns_the_options_and_its_messages_are_logged) {
  configure("normal");
  Process& quiet = start();
  BOOST_TEST(wait_for_trace(" config=" + config_path + " fifo=" + fifo_path +
                            " state_dir=" + state_dir + " flags=0\n"),
             trace());
  quiet.signal(SIGTERM);
  BOOST_TEST(exit_status(quiet) == 0);
  BOOST_TEST(contains(output(), ": the fake plugin starts\n"), output());
  BOOST_TEST(!contains(output(), "talkative"), output());

  Process& detailed = start({"--log-detail"});
  BOOST_TEST(wait_for_trace(" flags=1\n"), trace());
  detailed.signal(SIGTERM);
  BOOST_TEST(exit_status(detailed) == 0);
  BOOST_TEST(contains(output(), ": the fake plugin is talkative\n"), output());
}

BOOST_AUTO_TEST_CASE(the_state_directory_is_made_for_the_owner_only) {
  configure("normal");
  for (int start_number = 1; start_number <= 2; ++start_number) {
    Process& loader = start();
    BOOST_TEST(wait_for_workers(static_cast<std::size_t>(start_number)).size() ==
               static_cast<std::size_t>(start_number));
    loader.signal(SIGTERM);
    BOOST_TEST(exit_status(loader) == 0);
  }
  struct stat status {};
  BOOST_REQUIRE(stat(state_dir.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & (S_IFMT | 07777)) == (S_IFDIR | 0700));
  BOOST_TEST(!contains(output(), "state directory"), output());
}

BOOST_AUTO_TEST_CASE(without_a_state_directory_it_works_and_says_what_is_missing) {
  configure("normal");
  const std::string file = directory.file("file");
  write_file(file, "");
  struct Case {
    std::string state_dir;
    std::string reason;
  };
  for (const Case& each : {Case{directory.file("no/parent"), "No such file or directory"},
                           Case{file, "Not a directory"}}) {
    state_dir = each.state_dir;
    Process& loader = start();
    BOOST_TEST(wait_until([&] {
                 return contains(output(), "cannot make the state directory " + each.state_dir +
                                               ": " + each.reason + "; ");
               }),
               output());
    loader.signal(SIGTERM);
    BOOST_TEST(exit_status(loader) == 0);
  }
  BOOST_TEST(wait_for_workers(2).size() == 2U);
  BOOST_TEST(!contains(trace(), "state_dir=/"), trace());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace batch_notifier::tests
