// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "loader/keepalived_command.hpp"

#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace batch_notifier::loader {

namespace {

struct Case {
  std::string words;  ///< Behind the program's name, separated by single blanks.
  std::string expected;
};

std::ostream& operator<<(std::ostream& out, const Case& each) {
  return out << each.words;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words{"/usr/sbin/keepalived"};
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, ' ');) {
    words.push_back(word);
  }
  return words;
}

std::string described(const KeepalivedCommand& command) {
  std::string text;
  const auto add = [&](const char* name, const std::optional<std::string>& value) {
    if (value) {
      text += (text.empty() ? "" : " ") + std::string(name) + "=" + *value;
    }
  };
  add("file", command.config_file);
  add("id", command.config_id);
  add("namespace", command.net_namespace);
  return text;
}

const Case cases[] = {
    {"", ""},
    {"--dont-fork", ""},
    {"-f /a.conf", "file=/a.conf"},
    {"-f/a.conf", "file=/a.conf"},
    {"-f=/a.conf", "file==/a.conf"},
    {"--use-file /a.conf", "file=/a.conf"},
    {"--use-file=/a.conf", "file=/a.conf"},
    {"--use=/a.conf", "file=/a.conf"},
    {"--us /a.conf", "file=/a.conf"},
    {"-Dlf /a.conf", "file=/a.conf"},
    {"-Dlf/a.conf", "file=/a.conf"},
    {"-nldDi blue -f /a.conf", "file=/a.conf id=blue"},
    {"-i blue", "id=blue"},
    {"-iblue", "id=blue"},
    {"--config-id blue", "id=blue"},
    {"--config-i=blue", "id=blue"},
    {"-s ns1", "namespace=ns1"},
    {"-Psns1", "namespace=ns1"},
    {"--namespace=ns1", "namespace=ns1"},
    {"--name ns1", "namespace=ns1"},
    // The last one counts.
    {"-f /a.conf -f /b.conf -i red --config-id=blue", "file=/b.conf id=blue"},
    // What looks like an option is the argument of another.
    {"-p -f -i blue", "id=blue"},
    {"--pid --use-file --vrrp_pid -i", ""},
    {"-S -f -c -i -r -s -b -f -A -f -u -i", ""},
    {"-f -i blue", "file=-i"},
    // An optional argument is joined or absent.
    {"-g/log -f /a.conf", "file=/a.conf"},
    {"-g -f /a.conf", "file=/a.conf"},
    {"-M -i blue", "id=blue"},
    {"-t -f /a.conf", "file=/a.conf"},
    {"--log-file -f /a.conf", "file=/a.conf"},
    // Words that are no options do not end the options; "--" does.
    {"word -f /a.conf", "file=/a.conf"},
    {"-i blue -- -f /a.conf", "id=blue"},
    // Unknown, ambiguous or incomplete.
    {"--new-option -f /a.conf", "file=/a.conf"},
    {"-q -f /a.conf", "file=/a.conf"},
    {"--config-=blue -f /a.conf", "file=/a.conf"},
    {"--use-file= -i blue", "id=blue"},
    {"-i blue -f", "id=blue"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(keepalived_command)

BOOST_DATA_TEST_CASE(every_spelling_of_an_option_is_read, boost::unit_test::data::make(cases)) {
  BOOST_TEST(described(parse_keepalived_command(words_of(sample.words))) == sample.expected);
}

BOOST_AUTO_TEST_CASE(a_command_line_without_words_is_read) {
  BOOST_TEST(described(parse_keepalived_command({})).empty());
}

BOOST_AUTO_TEST_CASE(an_argument_may_be_empty_or_hold_blanks) {
  BOOST_TEST(described(parse_keepalived_command({"keepalived", "-f", "/my file", "-i", ""})) ==
             "file=/my file");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace batch_notifier::loader
