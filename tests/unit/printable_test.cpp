// SPDX-License-Identifier: MIT
#include "runtime/printable.hpp"

#define BOOST_TEST_DYN_LINK
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace batch_notifier::runtime {

namespace {

BOOST_AUTO_TEST_SUITE(printable_text)

BOOST_AUTO_TEST_CASE(only_harmless_characters_pass) {
  struct Case {
    std::string name;
    std::string text;
    std::string result;
  };
  const std::vector<Case> cases = {
      {"plain", "VI_1 ~ \"x\"", "VI_1 ~ \"x\""},
      {"escape sequence", "\x1B[31mred", "?[31mred"},
      {"NUL, newline, DEL", std::string("a\0b\nc\x7F", 6), "a?b?c?"},
      {"tab", "a\tb", "a b"},
      {"two, three and four bytes", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80",
       "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"},
      {"first and last of each length", "\xC2\xA0\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80",
       "\xC2\xA0\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80"},
      {"C1 control in UTF-8", "\xC2\x9B[31m", "??[31m"},
      {"C1 control as a byte", "\x9B[31m", "?[31m"},
      {"overlong", "\xC0\xAF\xE0\x9F\xBF\xF0\x8F\xBF\xBF", "?????????"},
      {"surrogate", "\xED\xA0\x80", "???"},
      {"beyond Unicode", "\xF4\x90\x80\x80\xF5\x80\x80\x80", "????????"},
      {"cut short", "a\xE2\x82", "a??"},
      {"cut short and going on", "\xE2\x82z", "??z"},
  };
  for (const Case& expected : cases) {
    BOOST_TEST_CONTEXT(expected.name) {
      BOOST_TEST(printable(expected.text) == expected.result);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

}  // namespace batch_notifier::runtime
