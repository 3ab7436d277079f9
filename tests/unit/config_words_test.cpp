// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include <optional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "config/values.hpp"
#include "config/words.hpp"

using namespace batch_notifier;  // NOLINT(google-build-using-namespace)

namespace {

using Texts = std::vector<std::string>;

struct WordsCase {
  std::string text;
  std::optional<Texts> words;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(config_words)

BOOST_AUTO_TEST_CASE(words_of_a_line) {
  const std::vector<WordsCase> cases = {{"", Texts{}},
                                        {" a\tb ", Texts{"a", "b"}},
                                        {"a \"b c\" d", Texts{"a", "b c", "d"}},
                                        {"a\"b c\"d", Texts{"a", "b c", "d"}},
                                        {"a \"\" 'b c'", Texts{"a", "", "'b", "c'"}},
                                        {R"(a "b\" c)", Texts{"a", "b\\", "c"}},
                                        {"a \"b", Texts{"a"}}};
  for (const WordsCase& item : cases) {
    BOOST_TEST_CONTEXT(item.text) {
      BOOST_TEST(config::split_words(item.text) == *item.words, boost::test_tools::per_element());
    }
  }
}

// The escapes as keepalived 2.4 reads them; 2.2.7 takes more than two digits after \x.
BOOST_AUTO_TEST_CASE(words_of_a_command) {
  const std::vector<WordsCase> cases = {
      {"", Texts{}},
      {" a  b\t", Texts{"a", "b"}},
      {"a 'b c' \"d e\"f", Texts{"a", "b c", "d ef"}},
      {"'a \"b' \"c 'd\"", Texts{"a \"b", "c 'd"}},
      {"a '' \"\"", Texts{"a", "", ""}},
      {R"(a\ b \"c \\d 'e\'f' "g\"h")", Texts{"a b", "\"c", "\\d", "e'f", "g\"h"}},
      {R"(\a\b\E\f\n\r\t\v)", Texts{"\a\b\x1b\f\n\r\t\v"}},
      {R"(\x41\x4142\xg \101\1018\7 \cA \q)", Texts{"AA42xg", "AA8\a", "\x01", "q"}},
      {"a \\", std::nullopt},
      {"a 'b", std::nullopt},
      {"a \"b", std::nullopt},
      {"\\0", std::nullopt},
      {"\\x00", std::nullopt},
      {"\\c@", std::nullopt}};
  for (const WordsCase& item : cases) {
    BOOST_TEST_CONTEXT(item.text) {
      const std::optional<Texts> words = config::split_command(item.text);
      BOOST_TEST(words.has_value() == item.words.has_value());
      BOOST_TEST(words.value_or(Texts()) == item.words.value_or(Texts()),
                 boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(seconds) {
  const std::vector<std::pair<std::string, std::optional<long>>> cases = {
      {"0", 0},
      {"1", 1'000'000},
      {"007.5", 7'500'000},
      {".5", 500'000},
      {"5.", 5'000'000},
      {"0.000001", 1},
      {"0.0000005", 1},
      {"0.00000049", 0},
      {"0.9999999", 1'000'000},
      {"86400", 86'400'000'000},
      {"86400.000001", std::nullopt},
      {"", std::nullopt},
      {".", std::nullopt},
      {"1.2.3", std::nullopt},
      {"1.x", std::nullopt},
      {"+1", std::nullopt},
      {" 1", std::nullopt},
      {"0x1", std::nullopt},
      {"18446744073709551616", std::nullopt},
      {"nan", std::nullopt}};
  for (const auto& [word, micros] : cases) {
    BOOST_TEST_CONTEXT(word) {
      const std::optional<core::Duration> time = config::parse_seconds(word);
      BOOST_TEST(time.has_value() == micros.has_value());
      BOOST_TEST((!time || time->count() == *micros));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
