// SPDX-License-Identifier: MIT
/// @file
/// Lines of the notify FIFO: a table of what may stand there, and how the bytes may be cut.
#define BOOST_TEST_DYN_LINK
#include "sources/fifo_lines.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

using namespace batch_notifier;
using namespace batch_notifier::sources;
using core::VrrpState;

namespace {

struct Case {
  std::string line;
  FifoLine expected;
};

const FifoLine malformed = MalformedLine{};

const std::vector<Case> cases = {
    {R"(INSTANCE "VI_1" MASTER 255)", InstanceLine{"VI_1", VrrpState::master, 255}},
    {R"(INSTANCE "VI_1" BACKUP 100)", InstanceLine{"VI_1", VrrpState::backup, 100}},
    {R"(INSTANCE "VI_1" FAULT 0)", InstanceLine{"VI_1", VrrpState::fault, 0}},
    {R"(INSTANCE "VI_1" STOP 1)", InstanceLine{"VI_1", VrrpState::stop, 1}},
    {R"(INSTANCE "VI_1" DELETED 1)", InstanceLine{"VI_1", VrrpState::deleted, 1}},
    {R"(INSTANCE "a name" MASTER 1)", InstanceLine{"a name", VrrpState::master, 1}},
    {R"(INSTANCE "a "quoted" one" MASTER 1)",
     InstanceLine{R"(a "quoted" one)", VrrpState::master, 1}},
    {R"(INSTANCE "x" MASTER 7" BACKUP 1)", InstanceLine{R"(x" MASTER 7)", VrrpState::backup, 1}},
    {R"(INSTANCE "" MASTER 1)", InstanceLine{"", VrrpState::master, 1}},
    {R"(INSTANCE " " MASTER 1)", InstanceLine{" ", VrrpState::master, 1}},
    {R"(INSTANCE "V" MASTER_RX_LOWER_PRI 9)", PriorityLine{"V", 9, true}},
    {R"(INSTANCE "V" MASTER_PRIORITY 150)", PriorityLine{"V", 150}},
    {R"(INSTANCE "V" BACKUP_PRIORITY 50)", PriorityLine{"V", 50}},
    {R"(GROUP "G 1" MASTER 0)", GroupLine{"G 1", VrrpState::master}},
    {R"(GROUP "G" FAULT 0)", GroupLine{"G", VrrpState::fault}},
    {R"(VS [192.0.2.1]:tcp:80 UP)", ServerLine{}},
    {R"(RS [192.0.2.9]:tcp:80 [192.0.2.1]:tcp:80 DOWN)", ServerLine{}},
    {std::string(1, '\0') + R"(VS FWM 7 DOWN)", ServerLine{}},
    {std::string(2, '\0') + R"(INSTANCE "V" STOP 1)", InstanceLine{"V", VrrpState::stop, 1}},

    {"", malformed},
    {std::string(1, '\0'), malformed},
    {"INSTANCE", malformed},
    {R"(INSTANCE ")", malformed},
    {R"(INSTANCE "")", malformed},
    {R"(INSTANCE "V")", malformed},
    {R"(INSTANCE "V" MASTER)", malformed},
    {R"(INSTANCE " MASTER 1)", malformed},
    {R"(INSTANCE V MASTER 1)", malformed},
    {R"(INSTANCE "V MASTER 1)", malformed},
    {R"(INSTANCE "V"  MASTER 1)", malformed},
    {R"(INSTANCE "V" MASTER 256)", malformed},
    {R"(INSTANCE "V" MASTER 007)", malformed},
    {R"(INSTANCE "V" STOP 00)", malformed},
    {R"(INSTANCE "V" MASTER -1)", malformed},
    {R"(INSTANCE "V" MASTER +1)", malformed},
    {R"(INSTANCE "V" MASTER 1x)", malformed},
    {R"(INSTANCE "V" MASTER 1 )", malformed},
    {R"(INSTANCE "V" MASTER )", malformed},
    {R"(INSTANCE "V" Master 1)", malformed},
    {R"(INSTANCE "V" INIT 1)", malformed},
    {R"(INSTANCE "V" UNKNOWN 1)", malformed},
    {R"(INSTANCE "V" {UNKNOWN} 1)", malformed},
    {R"(INSTANCE "V" MASTER 1)"
     "\r",
     malformed},
    {R"(GROUP "G" MASTER_PRIORITY 1)", malformed},
    {R"(GROUP "G" MASTER 0 0)", malformed},
    {R"( INSTANCE "V" MASTER 1)", malformed},
    {R"(NSTANCE "V" MASTER 1)", malformed},
    {"VS", malformed},
    {"\xff\xfe\x01", malformed},
};

bool same(const FifoLine& got, const FifoLine& expected) {
  return std::holds_alternative<MalformedLine>(expected)
             ? std::holds_alternative<MalformedLine>(got)
             : got == expected;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fifo_lines)

BOOST_AUTO_TEST_CASE(every_line_is_understood_or_refused) {
  for (const Case& one : cases) {
    BOOST_TEST_CONTEXT(one.line) {
      FifoLines lines;
      const std::vector<FifoLine> got = lines.feed(one.line + "\n");
      BOOST_REQUIRE_EQUAL(got.size(), 1U);
      BOOST_TEST(same(got[0], one.expected));
    }
  }
}

BOOST_AUTO_TEST_CASE(all_lines_at_once_and_byte_by_byte_are_the_same) {
  std::string everything;
  for (const Case& one : cases) {
    everything += one.line + "\n";
  }
  FifoLines whole;
  const std::vector<FifoLine> at_once = whole.feed(everything);
  FifoLines piecemeal;
  std::vector<FifoLine> by_byte;
  for (const char byte : everything) {
    for (FifoLine& line : piecemeal.feed({&byte, 1})) {
      by_byte.push_back(std::move(line));
    }
  }
  BOOST_REQUIRE_EQUAL(at_once.size(), cases.size());
  BOOST_TEST((at_once == by_byte));
  for (std::size_t index = 0; index < cases.size(); ++index) {
    BOOST_TEST(same(at_once[index], cases[index].expected), cases[index].line);
  }
}

BOOST_AUTO_TEST_CASE(a_line_without_end_is_one_malformed_line) {
  FifoLines lines;
  BOOST_TEST(lines.feed(std::string(3000, 'x')).empty());
  BOOST_TEST(lines.rest() == 3000U);
  BOOST_TEST(lines.feed(std::string(2120, 'x')).empty());
  BOOST_TEST(lines.rest() == FifoLines::longest_line + 1);
  const auto got = lines.feed("x\nINSTANCE \"V\" MASTER 1\n");
  BOOST_REQUIRE_EQUAL(got.size(), 2U);
  const auto* refused = std::get_if<MalformedLine>(&got[0]);
  BOOST_REQUIRE(refused != nullptr);
  BOOST_TEST(refused->text == std::string(100, 'x'));
  BOOST_TEST((got[1] == FifoLine(InstanceLine{"V", VrrpState::master, 1})));
}

BOOST_AUTO_TEST_CASE(the_longest_line_is_read_and_one_byte_more_is_not) {
  const std::string before = "INSTANCE \"";
  const std::string after = "\" MASTER 1";
  const std::string name(FifoLines::longest_line - before.size() - after.size(), 'n');
  FifoLines lines;
  const auto longest = lines.feed(before + name + after + "\n");
  BOOST_REQUIRE_EQUAL(longest.size(), 1U);
  BOOST_TEST((longest[0] == FifoLine(InstanceLine{name, VrrpState::master, 1})));
  const auto longer = lines.feed(before + name + "n" + after + "\n");
  BOOST_REQUIRE_EQUAL(longer.size(), 1U);
  BOOST_TEST(std::holds_alternative<MalformedLine>(longer[0]));
}

BOOST_AUTO_TEST_CASE(the_beginning_of_a_line_can_be_dropped) {
  FifoLines lines;
  BOOST_TEST(lines.feed("INSTANCE \"A\" MAS").empty());
  BOOST_TEST(lines.rest() == 16U);
  lines.drop_rest();
  BOOST_TEST(lines.rest() == 0U);
  const auto got = lines.feed("INSTANCE \"B\" BACKUP 2\n");
  BOOST_REQUIRE_EQUAL(got.size(), 1U);
  BOOST_TEST((got[0] == FifoLine(InstanceLine{"B", VrrpState::backup, 2})));
}

BOOST_AUTO_TEST_SUITE_END()
