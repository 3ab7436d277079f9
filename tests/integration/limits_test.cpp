// SPDX-License-Identifier: MIT
/// @file
/// The real plugin in the real loader, started with less than it is used to: states are told all
/// the same, or one line says what to raise.
#define BOOST_TEST_DYN_LINK
#include <csignal>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/wait.h>

#include "tests/support/loader.hpp"
#include "tests/support/privilege.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::tests {

namespace {

struct Stage : LoaderBench {
  Stage() { plugin = built("batch_notifier.so"); }

  /// Instances that the kernel shows as BACKUP, and a command that counts the changes it gets.
  void configure_instances(int count) const {
    std::string text;
    for (int number = 1; number <= count; ++number) {
      text += "vrrp_instance VI_" + std::to_string(number) + " {\n interface none" +
              std::to_string(number) + "\n virtual_router_id 51\n virtual_ipaddress {\n 192.0.2." +
              std::to_string(number) + "\n }\n}\n";
    }
    write_file(directory.file("count"), "#!/bin/sh\ngrep -o '\"state\":\"BACKUP\"' | wc -l >" +
                                            directory.file("told") + "\n");
    run({"chmod", "755", directory.file("count")});
    write_file(config_path,
               text + "@batch_notifier notify_batch \"" + directory.file("count") + "\"\n");
  }

  [[nodiscard]] bool told(int count) const {
    return wait_until(
        [&] { return read_file(directory.file("told")) == std::to_string(count) + "\n"; });
  }

  /// Starts the loader with these commands before it, waits until `count` instances are told, and
  /// stops it.
  void expect_told(int count, const std::vector<std::string>& prefix) {
    configure_instances(count);
    Process& loader = start({}, prefix);
    BOOST_TEST(told(count), output());
    loader.signal(SIGTERM);
    const auto status = loader.wait();
    BOOST_TEST((status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0));
    BOOST_TEST(output().find("was killed") == std::string::npos, output());
  }

  /// How many lines of the log name this.
  [[nodiscard]] std::size_t lines_with(const std::string& text) const {
    const std::string log = output();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = log.find(text, at)) != std::string::npos; ++at) {
      ++count;
    }
    return count;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(limits, Stage)

BOOST_AUTO_TEST_CASE(a_ledger_that_may_not_be_written_stops_no_delivery) {
  expect_told(200, {"prlimit", "--fsize=8192:8192"});
  BOOST_TEST(lines_with("files may have 8192 bytes at most (RLIMIT_FSIZE)") == 1U, output());
  BOOST_TEST(lines_with("File too large") == 1U, output());
}

BOOST_AUTO_TEST_CASE(soft_limits_are_raised) {
  expect_told(200, {"prlimit", "--fsize=1024:", "--nofile=16:4096"});
  BOOST_TEST(lines_with("RLIMIT_") == 0U, output());
}

BOOST_AUTO_TEST_CASE(few_descriptors_are_enough) {
  expect_told(1, {"prlimit", "--nofile=22:22"});
  BOOST_TEST(lines_with("only 22 descriptors may be open at a time (RLIMIT_NOFILE)") == 1U,
             output());
}

BOOST_AUTO_TEST_CASE(too_few_descriptors_are_named) {
  configure_instances(1);
  Process& loader = start({}, {"prlimit", "--nofile=12:12"});
  BOOST_TEST(wait_until([&] {
               return lines_with("only 12 descriptors may be open at a time (RLIMIT_NOFILE)") == 1;
             }),
             output());
  loader.signal(SIGTERM);
  BOOST_TEST(loader.wait().has_value());
}

BOOST_AUTO_TEST_CASE(a_command_gets_the_usual_number_of_descriptors) {
  configure_instances(1);
  write_file(directory.file("count"), "#!/bin/sh\nulimit -n >" + directory.file("told") + "\n");
  Process& loader = start({}, {"prlimit", "--nofile=500:4096"});
  BOOST_TEST(told(1024), output());
  loader.signal(SIGTERM);
  BOOST_TEST(loader.wait().has_value());
}

// LeakSanitizer cannot look for leaks without /proc, and fails.
BOOST_AUTO_TEST_CASE(without_proc_states_are_told,
                     *boost::unit_test::precondition(is_root) *
                         boost::unit_test::precondition(is_not_sanitized)) {
  const std::string enter = directory.file("enter");
  write_file(enter, "#!/bin/sh\numount -l /proc\nexec \"$@\"\n");
  run({"chmod", "755", enter});
  expect_told(1, {"unshare", "--mount", enter});
  BOOST_TEST(lines_with("/proc is not mounted") == 1U, output());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace batch_notifier::tests
