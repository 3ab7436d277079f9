// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include "config/configuration.hpp"
#include "tests/support/process.hpp"

using namespace batch_notifier;  // NOLINT(google-build-using-namespace)

namespace {

using Texts = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(config_files)

BOOST_AUTO_TEST_CASE(files_on_disk) {
  const tests::TemporaryDirectory directory;
  tests::write_file(directory.file("b.conf"), "text\n");
  tests::write_file(directory.file("a.conf"), "");
  tests::write_file(directory.file("run"), "#!/bin/sh");
  chmod(directory.file("run").c_str(), 0755);
  mkdir(directory.file("dir").c_str(), 0755);
  mkfifo(directory.file("fifo").c_str(), 0644);
  std::filesystem::resize_file(directory.file("a.conf"), config::DiskFiles::largest_file + 1);

  config::DiskFiles files;
  BOOST_TEST(files.read(directory.file("b.conf")).text == "text\n");
  BOOST_TEST(!files.read(directory.file("b.conf")).error);
  for (const char* name : {"run", "dir", "fifo"}) {
    BOOST_TEST(files.read(directory.file(name)).unsuitable, name);
  }
  BOOST_TEST((files.read(directory.file("none")).error == std::errc::no_such_file_or_directory));
  BOOST_TEST((files.read(directory.file("a.conf")).error == std::errc::file_too_large));

  const Texts both = {directory.file("a.conf"), directory.file("b.conf")};
  BOOST_TEST(files.expand(directory.path(), "*.conf") == both);
  BOOST_TEST(files.expand("/", directory.path() + "/{b,none,a}.conf") == (Texts{both[1], both[0]}));
  BOOST_TEST(files.expand(directory.path(), "di*") == (Texts{directory.file("dir/")}));
  BOOST_TEST(files.expand(directory.path(), "none*").empty());
  std::string explosion;
  for (int group = 0; group < 100; ++group) {
    explosion += "{a,b}";
  }
  BOOST_TEST(files.expand(directory.path(), explosion).empty());

  const std::string odd = directory.file("[x]");
  mkdir(odd.c_str(), 0755);
  tests::write_file(odd + "/c", "");
  BOOST_TEST(files.expand(odd, "?") == (Texts{odd + "/c"}));
}

BOOST_AUTO_TEST_CASE(config_id_is_the_short_host_name) {
  const std::string name = config::default_config_id();
  BOOST_TEST(!name.empty());
  BOOST_TEST(name.find('.') == std::string::npos);
  BOOST_TEST(tests::read_file("/proc/sys/kernel/hostname").compare(0, name.size(), name) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
