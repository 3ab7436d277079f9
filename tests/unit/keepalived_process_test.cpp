// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "sources/keepalived_process.hpp"

#include <unistd.h>

#include <csignal>
#include <string>

#include <boost/test/unit_test.hpp>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/unique_fd.hpp"

using batch_notifier::runtime::UniqueFd;
using batch_notifier::sources::keepalived_identity;

namespace {

UniqueFd open_process(pid_t pid) {
  return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0U)));
}

// Not in kernels before 5.3, nor under older valgrinds.
boost::test_tools::assertion_result opens_processes(boost::unit_test::test_unit_id /*unit*/) {
  boost::test_tools::assertion_result result(static_cast<bool>(open_process(getpid())));
  result.message() << "needs pidfd_open(2)";
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(keepalived_process, *boost::unit_test::precondition(opens_processes))

BOOST_AUTO_TEST_CASE(a_process_is_known_by_its_id_and_start_time) {
  const UniqueFd self = open_process(getpid());
  BOOST_TEST_REQUIRE(static_cast<bool>(self));
  const std::string identity = keepalived_identity(self.get());
  BOOST_TEST(identity.find(std::to_string(getpid()) + " ") == 0U, identity);
  BOOST_TEST(identity.find_first_not_of("0123456789 ") == std::string::npos, identity);
  BOOST_TEST(keepalived_identity(self.get()) == identity);
  BOOST_TEST(keepalived_identity(open_process(getppid()).get()) != identity);
}

BOOST_AUTO_TEST_CASE(an_ended_process_has_no_identity) {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) {
      pause();
    }
  }
  const UniqueFd process = open_process(child);
  BOOST_TEST(keepalived_identity(process.get()) != "");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  BOOST_TEST(keepalived_identity(process.get()) == "");
  BOOST_TEST(keepalived_identity(STDIN_FILENO) == "");
  BOOST_TEST(keepalived_identity(-1) == "");
}

BOOST_AUTO_TEST_SUITE_END()
