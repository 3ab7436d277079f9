// SPDX-License-Identifier: MIT
#include "runtime/line_splitter.hpp"

#define BOOST_TEST_DYN_LINK
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace batch_notifier::runtime {

namespace {

struct Case {
  std::string name;
  std::string input;
  std::vector<std::string> lines;
  std::uint64_t cut_bytes;
  std::uint64_t cut_lines;
};

const std::vector<Case> cases = {
    {"nothing", "", {}, 0, 0},
    {"lines", "a\nbc\n", {"a", "bc"}, 0, 0},
    {"empty lines are lines", "\n\n", {"", ""}, 0, 0},
    {"no newline at the end", "a\nb", {"a", "b"}, 0, 0},
    {"a line of the greatest length", "12345\n", {"12345"}, 0, 0},
    {"a line that is too long", "1234567\nb\n", {"12345", "b"}, 2, 1},
    {"the last one too long and without newline", "12345678", {"12345"}, 3, 1},
    {"as many lines as may be", "a\nb\nc\n", {"a", "b", "c"}, 0, 0},
    {"too many lines", "a\nb\nc\nde\nf\n", {"a", "b", "c"}, 3, 2},
    {"too many lines, the last without newline", "a\nb\nc\nde", {"a", "b", "c"}, 2, 1},
    {"too many lines, empty ones", "a\nb\nc\n\n\n", {"a", "b", "c"}, 0, 2},
    {"both", "123456\nb\nc\n123456789\n", {"12345", "b", "c"}, 10, 2},
};

constexpr LineLimits limits{5, 3};

BOOST_AUTO_TEST_SUITE(line_splitter)

BOOST_AUTO_TEST_CASE(lines_are_the_same_however_the_bytes_arrive) {
  for (const Case& expected : cases) {
    for (const std::size_t piece : {1U, 2U, 3U, 1000U}) {
      BOOST_TEST_CONTEXT(expected.name << ", in pieces of " << piece) {
        std::vector<std::string> lines;
        LineSplitter splitter(limits, [&](const std::string& line) { lines.push_back(line); });
        for (std::size_t begin = 0; begin < expected.input.size(); begin += piece) {
          splitter.take(std::string_view(expected.input).substr(begin, piece));
        }
        splitter.finish();
        BOOST_TEST(lines == expected.lines, boost::test_tools::per_element());
        BOOST_TEST(splitter.cut_bytes() == expected.cut_bytes);
        BOOST_TEST(splitter.cut_lines() == expected.cut_lines);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_complete_line_is_passed_on_at_once) {
  std::vector<std::string> lines;
  LineSplitter splitter(limits, [&](const std::string& line) { lines.push_back(line); });
  splitter.take("a\nb");
  BOOST_TEST(lines == std::vector<std::string>{"a"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

}  // namespace batch_notifier::runtime
