// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "sources/ancestors.hpp"

#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include <boost/test/unit_test.hpp>
#include <sys/prctl.h>
#include <sys/wait.h>

using batch_notifier::sources::Ancestors;
using batch_notifier::sources::Relation;

namespace {

std::string text_of(Relation kinship) {
  switch (kinship) {
    case Relation::ours:
      return "ours";
    case Relation::stranger:
      return "stranger";
    case Relation::unknown:
      return "unknown";
  }
  return "?";
}

/// A child of ours and a child of its own, both asleep; the younger has a name of its own, if one
/// is given.
class Family {
 public:
  explicit Family(const std::string& name) {
    std::array<int, 2> report{};
    BOOST_TEST_REQUIRE(pipe(report.data()) == 0);
    child_ = fork();
    if (child_ == 0) {
      const pid_t younger = fork();
      if (younger == 0) {
        if (!name.empty()) {
          prctl(PR_SET_NAME, name.c_str());
        }
        const pid_t self = getpid();
        if (write(report[1], &self, sizeof(self)) < 0) {
          _exit(1);
        }
      }
      for (;;) {
        pause();
      }
    }
    close(report[1]);
    BOOST_TEST(read(report[0], &grandchild_, sizeof(grandchild_)) ==
               static_cast<ssize_t>(sizeof(grandchild_)));
    close(report[0]);
  }
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;
  ~Family() {
    kill(grandchild_, SIGKILL);
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }

  [[nodiscard]] pid_t child() const { return child_; }
  [[nodiscard]] pid_t grandchild() const { return grandchild_; }

 private:
  pid_t child_ = -1;
  pid_t grandchild_ = -1;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ancestors)

BOOST_AUTO_TEST_CASE(we_and_our_ancestors_are_ours) {
  const Ancestors ancestors(true);
  BOOST_TEST(text_of(ancestors.of(getpid())) == "ours");
  BOOST_TEST(text_of(ancestors.of(getppid())) == "ours");
}

BOOST_AUTO_TEST_CASE(a_vrrp_process_that_our_keepalived_respawns_is_ours) {
  // We stand for the keepalived here: a child of it has its name.
  const Family family("");
  BOOST_TEST(text_of(Ancestors(true).of(family.child())) == "ours");
}

BOOST_AUTO_TEST_CASE(a_namesake_of_an_ancestor_in_another_line_is_a_stranger) {
  const Family family("");
  BOOST_TEST(text_of(Ancestors(true).of(family.grandchild())) == "stranger");
  BOOST_TEST(text_of(Ancestors(false).of(family.grandchild())) == "stranger");
}

BOOST_AUTO_TEST_CASE(processes_without_a_keepalived_in_sight_are_unknown) {
  const Family family("some) (one");
  BOOST_TEST(text_of(Ancestors(true).of(family.grandchild())) == "unknown");
  BOOST_TEST(text_of(Ancestors(true).of(0)) == "unknown");
  BOOST_TEST(text_of(Ancestors(true).of(-1)) == "unknown");
}

BOOST_AUTO_TEST_SUITE_END()
