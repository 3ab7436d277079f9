// SPDX-License-Identifier: MIT
/// @file
/// Script security without a disk: what the configuration reader makes of a command that is not
/// root's alone, and what people are told.
#define BOOST_TEST_DYN_LINK
#include "runtime/command_security.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include "notifiers/notifier_factory.hpp"
#include "tests/support/fake_config_files.hpp"

using namespace batch_notifier;  // NOLINT(google-build-using-namespace)
using runtime::CommandFlawKind;
using tests::FakeFiles;
using tests::main_file;
using tests::problems_of;

namespace {

using Texts = std::vector<std::string>;

const std::string security = "global_defs {\n enable_script_security\n}\n";
const std::string commands =
    "@batch_notifier notify_batch \"/opt/open --now\" user nobody\n"
    "@batch_notifier notify_batch /opt/safe\n"
    "@batch_notifier append_file /opt/open\n"
    "@batch_notifier append_file /opt/open user nobody\n"
    "@batch_notifier append_file /opt/safe\n";

/// Files of which the command /opt/open is not root's alone.
struct Files : FakeFiles {
  config::Configuration configured(const std::string& text) {
    texts[main_file] = text;
    flaws["/opt/open"] = "/opt is open";
    return config::read_configuration(main_file, "node1", *this, notifiers::notifier_kinds());
  }
};

Texts names_of(const config::Configuration& configuration) {
  Texts names;
  for (const core::NotifierSettings& notifier : configuration.settings.notifiers) {
    names.push_back(notifier.name + (notifier.script_security ? " secured" : ""));
  }
  return names;
}

runtime::CommandFlaw flaw(CommandFlawKind kind, mode_t mode, const std::string& path) {
  runtime::CommandFlaw made;
  made.kind = kind;
  made.error = EACCES;
  made.owner = 1000;
  made.group = 100;
  made.mode = mode;
  std::copy(path.begin(), path.end(), made.path.begin());
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(command_security)

BOOST_AUTO_TEST_CASE(without_script_security_no_command_is_looked_at) {
  Files files;
  const config::Configuration configuration = files.configured(commands);
  BOOST_TEST(problems_of(configuration).empty());
  BOOST_TEST(names_of(configuration) == (Texts{"notify_batch:1", "notify_batch:2", "append_file:1",
                                               "append_file:2", "append_file:3"}),
             boost::test_tools::per_element());
  BOOST_TEST(files.looked_at.empty());
}

BOOST_AUTO_TEST_CASE(commands_that_others_can_change_are_left_out) {
  struct Case {
    std::string text;
    std::string line;
    std::string other_line;
  };
  for (const Case& each :
       {Case{security + commands, "4", "6"}, Case{commands + security, "1", "3"}}) {
    Files files;
    const config::Configuration configuration = files.configured(each.text);
    BOOST_TEST(
        problems_of(configuration) ==
            (Texts{each.line +
                       ": enable_script_security refuses the command '/opt/open': /opt is open; "
                       "the line is ignored",
                   each.other_line +
                       ": enable_script_security refuses the file '/opt/open': /opt is open; "
                       "the line is ignored"}),
        boost::test_tools::per_element());
    // The names of those that are left do not depend on the others' fate. A file of another user
    // is not written by root.
    BOOST_TEST(names_of(configuration) == (Texts{"notify_batch:2 secured", "append_file:2 secured",
                                                 "append_file:3 secured"}),
               boost::test_tools::per_element());
    BOOST_TEST(files.looked_at == (Texts{"/opt/open", "/opt/safe", "/opt/open", "/opt/safe"}),
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_problem_names_the_file_that_the_line_stands_in) {
  Files files;
  files.texts["/etc/keepalived/other.conf"] = commands;
  const config::Configuration configuration = files.configured(security + "include other.conf\n");
  BOOST_REQUIRE_EQUAL(configuration.problems.size(), 2U);
  BOOST_TEST(configuration.problems[0].location.file == "/etc/keepalived/other.conf");
  BOOST_TEST(configuration.problems[0].location.line == 1U);
}

BOOST_AUTO_TEST_CASE(every_flaw_says_what_was_found_and_what_to_do) {
  const auto text = [](CommandFlawKind kind, mode_t mode) {
    return describe(flaw(kind, mode, "/a\n/b"));
  };
  const std::string found = " (owner 1000, group 100, mode ";
  BOOST_TEST(text(CommandFlawKind::unreachable, 0) ==
             "/a?/b cannot be looked at: Permission denied");
  BOOST_TEST(text(CommandFlawKind::owner, S_IFREG | 0755U) ==
             "/a?/b does not belong to root" + found + "0755): chown root /a?/b");
  BOOST_TEST(text(CommandFlawKind::owner, S_IFLNK | 0777U) ==
             "/a?/b does not belong to root" + found + "0777): chown -h root /a?/b");
  BOOST_TEST(text(CommandFlawKind::everybody, S_IFDIR | 02777U) ==
             "/a?/b can be written by everybody" + found + "2777): chmod go-w /a?/b");
  BOOST_TEST(text(CommandFlawKind::group, S_IFREG | 0770U) ==
             "/a?/b can be written by a group other than root's" + found +
                 "0770): chmod go-w /a?/b");
  BOOST_TEST(text(CommandFlawKind::access_list, S_IFREG | 0770U) ==
             "/a?/b can be written by others on its access control list" + found +
                 "0770): chmod go-w /a?/b");
  BOOST_TEST(text(CommandFlawKind::link, S_IFLNK | 0777U) ==
             "/a?/b is a link that others could have placed" + found +
                 "0777): use the path of the file");
}

BOOST_AUTO_TEST_SUITE_END()
