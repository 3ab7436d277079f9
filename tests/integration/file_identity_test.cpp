// SPDX-License-Identifier: MIT
/// @file
/// Files on a real file system that come, go and are replaced; needs no privilege.
#define BOOST_TEST_DYN_LINK
#include "runtime/file_identity.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include "tests/support/process.hpp"

using namespace batch_notifier;
using runtime::file_identity;
using runtime::is_in_place;
using runtime::UniqueFd;

BOOST_AUTO_TEST_SUITE(a_file)

BOOST_AUTO_TEST_CASE(stays_the_same_whatever_is_written) {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.file("file");
  BOOST_TEST(file_identity(path) == "");
  tests::write_file(path, "one");
  const std::string identity = file_identity(path);
  BOOST_TEST(identity != "");
  tests::write_file(path, "another");
  BOOST_TEST(file_identity(path) == identity);
  BOOST_TEST(file_identity(directory.path()) != identity);
}

BOOST_AUTO_TEST_CASE(is_another_once_it_is_made_again) {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.file("fifo");
  BOOST_REQUIRE_EQUAL(mkfifo(path.c_str(), 0600), 0);
  const UniqueFd open_one(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const std::string identity = file_identity(path);
  BOOST_TEST(is_in_place(open_one, path));
  unlink(path.c_str());
  BOOST_TEST(!is_in_place(open_one, path));
  BOOST_TEST(file_identity(path) == "");
  BOOST_REQUIRE_EQUAL(mkfifo(path.c_str(), 0600), 0);
  BOOST_TEST(!is_in_place(open_one, path));
  BOOST_TEST(file_identity(path) != identity);
}

BOOST_AUTO_TEST_CASE(is_not_what_a_link_leads_to) {
  const tests::TemporaryDirectory directory;
  tests::write_file(directory.file("file"), "");
  BOOST_REQUIRE_EQUAL(symlink("file", directory.file("link").c_str()), 0);
  const UniqueFd file(open(directory.file("file").c_str(), O_RDONLY | O_CLOEXEC));
  BOOST_TEST(is_in_place(file, directory.file("file")));
  BOOST_TEST(!is_in_place(file, directory.file("link")));
  BOOST_TEST(file_identity(directory.file("link")) != file_identity(directory.file("file")));
  BOOST_TEST(!is_in_place(UniqueFd(), directory.file("file")));
}

BOOST_AUTO_TEST_SUITE_END()
