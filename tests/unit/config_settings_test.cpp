// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include <chrono>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "tests/support/fake_config_files.hpp"

using namespace batch_notifier;  // NOLINT(google-build-using-namespace)
using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::problems_of;
using tests::read_text;

namespace {

using Texts = std::vector<std::string>;

core::Settings settings_of(const std::string& text) {
  const config::Configuration configuration = read_text(text);
  BOOST_TEST(problems_of(configuration).empty());
  return configuration.settings;
}

const core::Instance& instance(const config::Configuration& configuration, std::size_t index) {
  return configuration.topology.instances.at(index);
}

std::string block(const std::string& name, const std::string& content) {
  return "vrrp_instance " + name + " {\nvirtual_router_id 1\n" + content + "\n}\n";
}

/// A line behind "@batch_notifier ", and the problem that is reported.
struct Case {
  std::string line;
  std::string problem;
};
const std::string later = " is not available in this version";
const std::vector<Case> bad_lines = {
    {"", "@batch_notifier lacks a setting"},
    {"batch_weight 1", "unknown setting 'batch_weight'"},
    {"batch_wait", "batch_wait lacks its value"},
    {"batch_wait 1 2", "batch_wait has a value too many"},
    {"batch_wait 1s", "batch_wait '1s' is not a time in seconds from 0 to 86400"},
    {"batch_wait -1", "batch_wait '-1' is not a time in seconds from 0 to 86400"},
    {"batch_wait 1,5", "batch_wait '1,5' is not a time in seconds from 0 to 86400"},
    {"batch_wait 1e3", "batch_wait '1e3' is not a time in seconds from 0 to 86400"},
    {"batch_wait .", "batch_wait '.' is not a time in seconds from 0 to 86400"},
    {"batch_wait \"\"", "batch_wait '' is not a time in seconds from 0 to 86400"},
    {"batch_wait 86400.1", "batch_wait '86400.1' is not a time in seconds from 0 to 86400"},
    {"batch_wait 99999999999999999999",
     "batch_wait '99999999999999999999' is not a time in seconds from 0 to 86400"},
    {"batch_max_changes 1.5",
     "batch_max_changes '1.5' is not a number from 0 (no limit) to 4294967295"},
    {"master_hold advent",
     "master_hold 'advent' is not a time in seconds from 0 to 86400, nor advert"},
    {"label a", "label lacks its key or its value"},
    {"label a b c", "label has a value too many"},
    {"label {a} b", "label key '{a}' is not made of letters, digits, '_', '-' and '.'"},
    {"label \"\" b", "label key '' is not made of letters, digits, '_', '-' and '.'"},
    {"ignore", "ignore stands in a vrrp_instance block"},
    {"batch_wait \"1", "unbalanced quote or wrong escape"},
    {"batch_wait 1\\", "unbalanced quote or wrong escape"},
    {"notify_batch", "notify_batch lacks its command"},
    {"notify_batch \"\"", "the command is empty"},
    {"notify_batch \" '' a\"", "the command is empty"},
    {"notify_batch bin/a", "the command 'bin/a' has no absolute path"},
    {"notify_batch \"/bin/a 'b\"", "the command has an unbalanced quote or a wrong escape"},
    {"notify_batch \"/bin/a \\\\0\"", "the command has an unbalanced quote or a wrong escape"},
    {"notify_batch /bin/a b", "unknown option 'b' (a command with arguments stands in quotes)"},
    {"notify_batch /bin/a timeout 1 b", "unknown option 'b'"},
    {"notify_batch /bin/a timeout", "option timeout lacks its value"},
    {"notify_batch /bin/a timeout 0", "timeout '0' is not a time in seconds from 0.1 to 86400"},
    {"notify_batch /bin/a retry_max x", "retry_max 'x' is not a time in seconds from 0.1 to 86400"},
    {"notify_batch /bin/a user", "option user lacks its value"},
    {"notify_batch /bin/a user \"\"", "user is empty"},
    {"notify_batch /bin/a states MASTER,",
     "states takes a list such as MASTER,BACKUP of INIT, BACKUP, MASTER, FAULT, STOP, DELETED "
     "and UNKNOWN, and not ''"},
    {"notify_batch /bin/a states master",
     "states takes a list such as MASTER,BACKUP of INIT, BACKUP, MASTER, FAULT, STOP, DELETED "
     "and UNKNOWN, and not 'master'"},
    {"notify_batch /bin/a instances \"\"", "instances is empty"},
    {"notify_batch /bin/a in_namespace", "in_namespace" + later},
    {"notify_batch /bin/a ca_file /x", "notify_batch has no option ca_file"},
    {"append_file", "append_file lacks its file"},
    {"append_file a", "the file 'a' has no absolute path"},
    {"append_file /a b", "unknown option 'b'"},
    {"dbus_name none", "dbus_name" + later},
    {"notify_each /bin/a", "notify_each" + later},
    {"notify_http http://a", "notify_http" + later},
    {"notify_neutron /a", "notify_neutron" + later},
    {"state_file /a", "state_file" + later},
    {"metrics_file /a", "metrics_file" + later},
    {"watch_config \"/a\"", "watch_config" + later}};

}  // namespace

BOOST_AUTO_TEST_SUITE(config_settings)

BOOST_AUTO_TEST_CASE(defaults_stand_without_settings) {
  const core::Settings settings = settings_of("");
  BOOST_TEST((settings.timing.wait == milliseconds(100)));
  BOOST_TEST((settings.timing.max_wait == seconds(1)));
  BOOST_TEST(settings.timing.max_changes == 0U);
  BOOST_TEST((settings.timing.interval == seconds(2)));
  BOOST_TEST((settings.timing.repeat_interval == seconds(0)));
  BOOST_TEST((settings.stop_timeout == seconds(5)));
  BOOST_TEST((settings.health_wait == seconds(1)));
  BOOST_TEST(!settings.master_hold.fixed.has_value());
  BOOST_TEST(settings.notifiers.empty());
}

BOOST_AUTO_TEST_CASE(times_and_numbers) {
  const core::Settings settings = settings_of(
      "@batch_notifier batch_wait 0.25\nglobal_defs {\n@batch_notifier batch_max_wait 3\n}\n"
      "@batch_notifier batch_max_changes 500\n@batch_notifier batch_interval \"0\"\n"
      "@batch_notifier repeat_interval 86400\n@batch_notifier stop_timeout .5\n"
      "virtual_server a { b { @batch_notifier health_wait 1.0000004\n} }\n"
      "@batch_notifier master_hold 7 # seconds\n");
  BOOST_TEST((settings.timing.wait == milliseconds(250)));
  BOOST_TEST((settings.timing.max_wait == seconds(3)));
  BOOST_TEST(settings.timing.max_changes == 500U);
  BOOST_TEST((settings.timing.interval == seconds(0)));
  BOOST_TEST((settings.timing.repeat_interval == seconds(86'400)));
  BOOST_TEST((settings.stop_timeout == milliseconds(500)));
  BOOST_TEST((settings.health_wait == seconds(1)));
  BOOST_TEST((settings.master_hold.fixed == core::Duration(seconds(7))));
  BOOST_TEST(!settings_of("@batch_notifier master_hold 7\n@batch_notifier master_hold advert")
                  .master_hold.fixed.has_value());
}

BOOST_AUTO_TEST_CASE(settings_of_one_instance) {
  const config::Configuration configuration = read_text(
      "@batch_notifier label site \"one two\"\n@batch_notifier label role edge\n" +
      block("A",
            "@batch_notifier label role core\n@batch_notifier master_hold 3\n"
            "virtual_ipaddress {\n@batch_notifier label own \"\"\n}") +
      block("B", "@batch_notifier ignore\n@batch_notifier master_hold advert") + block("C", ""));
  BOOST_TEST(problems_of(configuration).empty());
  BOOST_TEST((instance(configuration, 0).labels ==
              core::Labels{{"own", ""}, {"role", "core"}, {"site", "one two"}}));
  BOOST_TEST(
      (instance(configuration, 1).labels == core::Labels{{"role", "edge"}, {"site", "one two"}}));
  BOOST_REQUIRE(instance(configuration, 0).master_hold.has_value());
  BOOST_TEST((instance(configuration, 0).master_hold->fixed == core::Duration(seconds(3))));
  BOOST_REQUIRE(instance(configuration, 1).master_hold.has_value());
  BOOST_TEST(!instance(configuration, 1).master_hold->fixed.has_value());
  BOOST_TEST(!instance(configuration, 2).master_hold.has_value());
  BOOST_TEST(!instance(configuration, 0).ignored);
  BOOST_TEST(instance(configuration, 1).ignored);
  BOOST_TEST(!configuration.settings.master_hold.fixed.has_value());
}

BOOST_AUTO_TEST_CASE(notifiers_and_options) {
  const config::Configuration configuration = read_text(
      "@batch_notifier notify_batch \"/bin/a 'b c' d\\\\ e\" timeout 3 retry_max 0.1 user nobody"
      " states MASTER,FAULT instances \"VI_*\"\n"
      "@batch_notifier notify_batch relative\n"
      "@batch_notifier append_file \"/var/log/a b\" user root adm timeout 1\n"
      "@batch_notifier notify_batch /bin/b user root retry_max 5\n");
  BOOST_TEST(problems_of(configuration).size() == 1U);
  const std::vector<core::NotifierSettings>& notifiers = configuration.settings.notifiers;
  BOOST_REQUIRE_EQUAL(notifiers.size(), 3U);
  BOOST_TEST((notifiers[0].kind == "notify_batch"));
  BOOST_TEST(notifiers[0].name == "notify_batch:1");
  BOOST_TEST(notifiers[0].target == (Texts{"/bin/a", "b c", "d e"}));
  BOOST_TEST((notifiers[0].timeout == seconds(3)));
  BOOST_TEST((notifiers[0].retry_max == milliseconds(100)));
  BOOST_REQUIRE(notifiers[0].user.has_value());
  BOOST_TEST(notifiers[0].user->user == "nobody");
  BOOST_TEST(notifiers[0].user->group == "");
  BOOST_TEST((notifiers[0].states ==
              std::vector<core::VrrpState>{core::VrrpState::master, core::VrrpState::fault}));
  BOOST_TEST(notifiers[0].instances == "VI_*");
  BOOST_TEST(notifiers[0].location.line == 1U);
  BOOST_TEST((notifiers[1].kind == "append_file"));
  BOOST_TEST(notifiers[1].name == "append_file:1");
  BOOST_TEST(notifiers[1].target == (Texts{"/var/log/a b"}));
  BOOST_REQUIRE(notifiers[1].user.has_value());
  BOOST_TEST(notifiers[1].user->group == "adm");
  BOOST_TEST((notifiers[1].retry_max == seconds(60)));
  BOOST_TEST(notifiers[2].name == "notify_batch:2");
  BOOST_REQUIRE(notifiers[2].user.has_value());
  BOOST_TEST(notifiers[2].user->group == "");
  BOOST_TEST((notifiers[2].timeout == seconds(10)));
}

BOOST_AUTO_TEST_CASE(a_notifier_with_an_unknown_user_is_left_out) {
  const config::Configuration configuration = read_text(
      "@batch_notifier notify_batch /bin/a user nobody_knows\n"
      "@batch_notifier append_file /var/a user nobody_knows adm\n"
      "@batch_notifier notify_batch /bin/b user root\n");
  const Texts problems = problems_of(configuration);
  BOOST_TEST(problems == (Texts{"1: unknown user nobody_knows; the line is ignored",
                                "2: unknown user nobody_knows; the line is ignored"}),
             boost::test_tools::per_element());
  BOOST_REQUIRE_EQUAL(configuration.settings.notifiers.size(), 1U);
  BOOST_TEST(configuration.settings.notifiers[0].name == "notify_batch:2");
}

BOOST_AUTO_TEST_CASE(each_bad_line_is_one_problem_and_changes_nothing) {
  for (const Case& item : bad_lines) {
    BOOST_TEST_CONTEXT(item.line) {
      const config::Configuration configuration = read_text(
          "@batch_notifier " + item.line + "\n" + block("A", "") + "@batch_notifier batch_wait 9");
      BOOST_TEST(
          problems_of(configuration) == (Texts{"1: " + item.problem + "; the line is ignored"}),
          boost::test_tools::per_element());
      BOOST_TEST(configuration.settings.notifiers.empty());
      BOOST_TEST((configuration.settings.timing.wait == seconds(9)));
    }
  }
}

BOOST_AUTO_TEST_CASE(settings_that_do_not_belong_into_an_instance_are_refused) {
  const config::Configuration configuration =
      read_text(block("A",
                      "@batch_notifier batch_wait 3\n@batch_notifier notify_batch /bin/a\n"
                      "@batch_notifier ignore it\n@batch_notifier ignore }"));
  BOOST_TEST(problems_of(configuration) ==
                 (Texts{"3: batch_wait stands outside of vrrp_instance blocks; the line is ignored",
                        "4: notify_batch stands outside of vrrp_instance blocks; the line is "
                        "ignored",
                        "5: ignore has a value too many; the line is ignored",
                        "6: ignore has a value too many; the line is ignored"}),
             boost::test_tools::per_element());
  BOOST_TEST(!instance(configuration, 0).ignored);
}

BOOST_AUTO_TEST_CASE(every_kind_of_notifier_is_one_row_and_no_kind_is_taken_for_another) {
  const std::vector<std::string> keywords = {"notify_batch",   "notify_each", "notify_http",
                                             "notify_neutron", "append_file", "state_file",
                                             "metrics_file"};
  for (const std::string& keyword : keywords) {
    const core::NotifierKind* kind = core::find_kind(notifiers::notifier_kinds(), keyword);
    BOOST_REQUIRE_MESSAGE(kind != nullptr, keyword);
    BOOST_TEST(kind->keyword == keyword);
    if (!kind->available) {
      const auto configuration = tests::read_text("@batch_notifier " + keyword + " /x\n");
      BOOST_TEST(configuration.settings.notifiers.empty());
      BOOST_TEST(
          problems_of(configuration) == (Texts{"1: " + keyword +
                                               " is not available in this version; the line is "
                                               "ignored"}),
          boost::test_tools::per_element());
    }
  }
  BOOST_TEST(core::find_kind(notifiers::notifier_kinds(), "notify") == nullptr);
}

BOOST_AUTO_TEST_CASE(options_of_one_kind_are_refused_by_name_for_another) {
  const auto configuration = tests::read_text(
      "@batch_notifier append_file /var/log/x env A \"b\"\n"
      "@batch_notifier notify_batch /bin/x ca_file /etc/ca.pem\n"
      "@batch_notifier notify_batch /bin/x colour red\n");
  BOOST_TEST(configuration.settings.notifiers.empty());
  BOOST_TEST(problems_of(configuration) ==
                 (Texts{"1: append_file has no option env; the line is ignored",
                        "2: notify_batch has no option ca_file; the line is ignored",
                        "3: unknown option 'colour' (a command with arguments stands in quotes); "
                        "the line is ignored"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(options_that_every_notifier_has) {
  const auto configuration = tests::read_text(
      "@batch_notifier notify_batch /bin/x env SITE \"a b\" repeat_interval 60 instances "
      "\"VI_[12]\" env N \"\"\n"
      "@batch_notifier heartbeat_interval 30\n");
  BOOST_REQUIRE_EQUAL(configuration.settings.notifiers.size(), 1U);
  const core::NotifierSettings& notifier = configuration.settings.notifiers[0];
  BOOST_REQUIRE_EQUAL(notifier.environment.size(), 2U);
  BOOST_TEST(notifier.environment[0].first == "SITE");
  BOOST_TEST(notifier.environment[0].second == "a b");
  BOOST_TEST((notifier.repeat_interval == std::chrono::seconds(60)));
  BOOST_TEST(notifier.selects("VI_2"));
  BOOST_TEST(!notifier.selects("VI_3"));
  BOOST_TEST((configuration.settings.heartbeat_interval == std::chrono::seconds(30)));
}

BOOST_AUTO_TEST_CASE(bad_names_and_values_of_env_are_refused) {
  const auto configuration = tests::read_text(
      "@batch_notifier notify_batch /bin/x env 1A b\n"
      "@batch_notifier notify_batch /bin/x env KEEPALIVED_BATCH_ID b\n"
      "@batch_notifier notify_batch /bin/x env A b env A c\n"
      "@batch_notifier notify_batch /bin/x env A\n");
  BOOST_TEST(configuration.settings.notifiers.empty());
  BOOST_TEST(configuration.problems.size() == 4U);
}

BOOST_AUTO_TEST_SUITE_END()
