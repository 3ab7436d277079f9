// SPDX-License-Identifier: MIT
/// @file
/// Configurations without a wrong line in which nobody would be told.
#define BOOST_TEST_DYN_LINK
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "config/advice.hpp"
#include "config/mark.hpp"
#include "tests/support/fake_config_files.hpp"

using namespace batch_notifier;
using tests::read_text;

namespace {

constexpr const char* instance = "vrrp_instance V {\n interface eth0\n virtual_router_id 1\n}\n";
constexpr const char* notifier = "@batch_notifier notify_batch \"/bin/on-failover\"\n";
constexpr const char* loader_script =
    "vrrp_notify_fifo_script \"/usr/libexec/keepalived/keepalived-plugin-loader p.so\" root\n";

std::string globals(const std::string& lines) {
  return "global_defs {\n" + lines + "}\n";
}

std::string started(const std::string& lines) {
  return config::started_by_keepalived(read_text(globals(lines)).scripts);
}

std::vector<std::string> warnings_of(const config::Configuration& configuration) {
  std::vector<std::string> lines;
  for (const config::Problem& warning : configuration.warnings) {
    lines.push_back(std::to_string(warning.location.line) + ": " + warning.message);
  }
  return lines;
}

struct Started {
  const char* lines;
  const char* expected;
};

const std::vector<Started> cases{
    {"vrrp_notify_fifo /run/f\nvrrp_notify_fifo_script \"/l/keepalived-plugin-loader p.so\"\n",
     "yes"},
    {"notify_fifo /run/f\nnotify_fifo_script \"/l/keepalived-plugin-loader p.so\"\n", "yes"},
    {"vrrp_notify_fifo_script \"/l/keepalived-plugin-loader p.so\"\nvrrp_notify_fifo /run/f\n",
     "yes"},
    {"", "no, because there is no vrrp_notify_fifo_script"},
    {"vrrp_notify_fifo /run/f\n", "no, because there is no vrrp_notify_fifo_script"},
    {"vrrp_notify_fifo_script \"/l/keepalived-plugin-loader p.so\"\n",
     "no, because vrrp_notify_fifo_script at /etc/keepalived/keepalived.conf:2 has no "
     "vrrp_notify_fifo beside it"},
    {"vrrp_notify_fifo /run/f\nvrrp_notify_fifo_script /bin/other\n"
     "vrrp_notify_fifo_script \"/l/keepalived-plugin-loader p.so\"\n",
     "no, because vrrp_notify_fifo_script at /etc/keepalived/keepalived.conf:3, the first one, "
     "runs '/bin/other'"},
    {"notify_fifo /run/f\nnotify_fifo_script /bin/other\n",
     "no, because notify_fifo_script at /etc/keepalived/keepalived.conf:3, the first one, runs "
     "'/bin/other'"},
};

struct Word {
  const char* text;
  bool misspelt;
};

const std::vector<Word> words{{"batch_notifer", true},   {"batch-notifier", true},
                              {"batch_notifiers", true}, {"Batch_Notifier", true},
                              {"batchnotifier", true},   {"batch_notifier:", true},
                              {"node2", false},          {"", false},
                              {"batch_node", false},     {"batch_notification", false}};

}  // namespace

BOOST_AUTO_TEST_SUITE(config_advice)

BOOST_AUTO_TEST_CASE(whether_keepalived_starts_the_loader_is_read_from_its_fifo_scripts) {
  for (const Started& each : cases) {
    BOOST_TEST_CONTEXT(each.lines) {
      BOOST_TEST(started(each.lines) == each.expected);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_configuration_that_is_complete_has_no_warning) {
  const config::Configuration configuration = read_text(
      globals(std::string("vrrp_notify_fifo /run/f\n") + loader_script) + instance + notifier);
  BOOST_TEST(warnings_of(configuration).empty());
  BOOST_TEST(config::count_parts(configuration) == "1 instance, 1 notifier");
}

BOOST_AUTO_TEST_CASE(without_a_notifier_or_an_instance_there_is_a_warning) {
  const std::vector<std::string> no_notifier = warnings_of(read_text(instance));
  BOOST_REQUIRE_EQUAL(no_notifier.size(), 1U);
  BOOST_TEST(no_notifier[0].starts_with("0: no usable notifier is configured"));
  const std::vector<std::string> no_instance = warnings_of(read_text(notifier));
  BOOST_REQUIRE_EQUAL(no_instance.size(), 1U);
  BOOST_TEST(no_instance[0].starts_with("0: no vrrp_instance is configured"));
}

BOOST_AUTO_TEST_CASE(a_command_that_cannot_run_is_a_warning_and_stays_configured) {
  tests::FakeFiles files;
  files.texts[tests::main_file] = std::string(instance) + notifier;
  files.troubles["/bin/on-failover"] = "is a directory";
  const config::Configuration configuration =
      config::read_configuration(tests::main_file, "node1", files, notifiers::notifier_kinds());
  BOOST_TEST(configuration.problems.empty());
  BOOST_TEST(configuration.settings.notifiers.size() == 1U);
  BOOST_TEST(warnings_of(configuration) ==
                 std::vector<std::string>{"5: the command '/bin/on-failover' is a directory: "
                                          "deliveries fail until it can run"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_typing_error_in_the_mark_is_found) {
  for (const Word& word : words) {
    BOOST_TEST_CONTEXT(word.text) {
      BOOST_TEST(config::is_misspelt_mark(word.text) == word.misspelt);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_misspelt_setting_is_a_problem_and_another_nodes_line_is_none) {
  const config::Configuration configuration =
      read_text(std::string("@batch_notifer notify_batch /bin/x\n@node2 vrrp_instance W {\n") +
                instance + notifier);
  BOOST_TEST(tests::problems_of(configuration) ==
                 std::vector<std::string>{"1: @batch_notifer is taken for a line of the node "
                                          "'batch_notifer'; is @batch_notifier meant?"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
