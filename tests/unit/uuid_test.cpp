// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "runtime/uuid.hpp"

#include <regex>
#include <set>
#include <string>

#include <boost/test/unit_test.hpp>

namespace batch_notifier::runtime {

BOOST_AUTO_TEST_SUITE(uuid)

BOOST_AUTO_TEST_CASE(each_is_of_version_4_and_unlike_the_others) {
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int count = 0; count < 100; ++count) {
    const std::string made = new_uuid();
    BOOST_TEST(std::regex_match(made, form), made);
    seen.insert(made);
  }
  BOOST_TEST(seen.size() == 100U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace batch_notifier::runtime
