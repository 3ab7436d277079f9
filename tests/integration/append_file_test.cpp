// SPDX-License-Identifier: MIT
#include "notifiers/notifier_factory.hpp"

#define BOOST_TEST_DYN_LINK
#include <fcntl.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "notifiers/batch_json.hpp"
#include "runtime/unique_fd.hpp"
#include "tests/support/delivery.hpp"
#include "tests/support/privilege.hpp"

namespace batch_notifier::notifiers {

namespace {

using core::DeliveryStatus;
using tests::read_file;

struct Fixture : tests::DeliveryFixture {
  std::string path = directory.file("batches");
  std::string line = to_json(batch()) + "\n";

  static core::NotifierSettings file(const std::string& target) {
    return settings("append_file", {target});
  }

  /// A batch with a line of more than `size` bytes.
  static core::Batch batch_of_size(std::size_t size) {
    core::Batch made = batch();
    made.host = std::string(size, 'x');
    return made;
  }
};

bool is(const core::DeliveryResult& result, DeliveryStatus status) {
  return result.status == status;
}

BOOST_AUTO_TEST_SUITE(append_file)

BOOST_FIXTURE_TEST_CASE(each_batch_is_a_line_of_a_file_that_is_made, Fixture) {
  const auto notifier = make_notifier(loop, log, file(path));
  const mode_t mask = umask(0022);
  BOOST_TEST(is(deliver(*notifier), DeliveryStatus::delivered));
  umask(mask);
  BOOST_TEST(read_file(path) == line);
  struct stat status {};
  BOOST_TEST(stat(path.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 07777U) == 0640U);
  const core::Batch large = batch_of_size(1'000'000);
  BOOST_TEST(is(deliver(*notifier, large), DeliveryStatus::delivered));
  BOOST_TEST((read_file(path) == line + to_json(large) + "\n"));
  BOOST_TEST(log.messages.empty());
}

BOOST_FIXTURE_TEST_CASE(a_file_that_was_moved_away_is_made_again, Fixture) {
  const auto notifier = make_notifier(loop, log, file(path));
  deliver(*notifier);
  tests::run({"mv", path, directory.file("rotated")});
  deliver(*notifier);
  BOOST_TEST(read_file(path) == line);
  BOOST_TEST(read_file(directory.file("rotated")) == line);
}

BOOST_FIXTURE_TEST_CASE(a_line_begins_on_a_line_of_its_own, Fixture) {
  struct Case {
    std::string before;
    std::string after;
  };
  const std::vector<Case> cases = {
      {"", line},
      {"\n", "\n" + line},
      {"{}\n", "{}\n" + line},
      {"{\"torn\":", "{\"torn\":\n" + line},
  };
  for (const Case& expected : cases) {
    tests::write_file(path, expected.before);
    BOOST_TEST(is(deliver(file(path)), DeliveryStatus::delivered));
    BOOST_TEST(read_file(path) == expected.after);
  }
}

BOOST_FIXTURE_TEST_CASE(a_file_that_cannot_be_appended_to_was_not_written, Fixture) {
  struct Case {
    std::string target;
    std::string error;
  };
  tests::run({"mkfifo", directory.file("fifo")});
  const std::vector<Case> cases = {
      {directory.path(), "Is a directory"},
      {directory.file("fifo"), "not a regular file"},
      {"/dev/full", "not a regular file"},
      {directory.file("none/file"), "No such file or directory"},
  };
  for (const Case& expected : cases) {
    const core::DeliveryResult result = deliver(file(expected.target));
    BOOST_TEST(is(result, DeliveryStatus::unseen));
    BOOST_TEST(result.reason == "cannot append to " + expected.target + ": " + expected.error);
  }
}

/// Limits the size of the files that are written, until it goes.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit lower{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &lower);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

BOOST_FIXTURE_TEST_CASE(a_line_that_does_not_fit_is_taken_back, Fixture) {
  const auto notifier = make_notifier(loop, log, file(path));
  for (const std::string before : {"", "{}\n", "{\"torn\":"}) {
    tests::write_file(path, before);
    core::DeliveryResult result;
    {
      const FileSizeLimit limit(20'000);
      result = deliver(*notifier, batch_of_size(50'000));
    }
    BOOST_TEST(is(result, DeliveryStatus::unseen));
    BOOST_TEST(result.reason == "cannot append to " + path + ": File too large");
    BOOST_TEST(read_file(path) == before);
  }
}

/// A file system of 64 KiB on a directory, until it goes.
class SmallFileSystem {
 public:
  explicit SmallFileSystem(std::string path) : path_(std::move(path)) {
    BOOST_REQUIRE(mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=64k") == 0);
  }
  SmallFileSystem(const SmallFileSystem&) = delete;
  SmallFileSystem& operator=(const SmallFileSystem&) = delete;
  ~SmallFileSystem() { umount2(path_.c_str(), MNT_DETACH); }

 private:
  std::string path_;
};

BOOST_FIXTURE_TEST_CASE(a_full_disk_keeps_whole_lines_and_is_used_again, Fixture,
                        *boost::unit_test::precondition(tests::is_root)) {
  const SmallFileSystem small(directory.path());
  const auto notifier = make_notifier(loop, log, file(path));
  BOOST_TEST(is(deliver(*notifier), DeliveryStatus::delivered));
  const core::DeliveryResult result = deliver(*notifier, batch_of_size(100'000));
  BOOST_TEST(is(result, DeliveryStatus::unseen));
  BOOST_TEST(result.reason == "cannot append to " + path + ": No space left on device");
  BOOST_TEST(read_file(path) == line);
  BOOST_TEST(is(deliver(*notifier), DeliveryStatus::delivered));
  BOOST_TEST(read_file(path) == line + line);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_keeps_it_waiting_times_out, Fixture) {
  tests::write_file(path, "");
  runtime::UniqueFd other_writer(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  BOOST_REQUIRE(flock(other_writer.get(), LOCK_EX) == 0);
  core::NotifierSettings impatient = file(path);
  impatient.timeout = std::chrono::milliseconds(100);
  const core::DeliveryResult result = deliver(impatient);
  BOOST_TEST(is(result, DeliveryStatus::failed));
  BOOST_TEST(result.reason == "timed out after 0.1 s");
  BOOST_TEST(read_file(path).empty());
  other_writer.reset();
  BOOST_TEST(is(deliver(file(path)), DeliveryStatus::delivered));
}

BOOST_FIXTURE_TEST_CASE(a_reader_that_keeps_the_file_locked_holds_nothing_up_for_long, Fixture) {
  tests::write_file(path, "");
  const runtime::UniqueFd reader(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  BOOST_REQUIRE(flock(reader.get(), LOCK_EX) == 0);
  BOOST_TEST(is(deliver(file(path)), DeliveryStatus::delivered));
  BOOST_TEST(!read_file(path).empty());
}

BOOST_FIXTURE_TEST_CASE(the_user_does_the_writing, Fixture,
                        *boost::unit_test::precondition(tests::is_root)) {
  core::NotifierSettings as_user = file(path);
  as_user.user = core::UserName{"nobody", ""};
  const core::DeliveryResult result = deliver(as_user);
  BOOST_TEST(is(result, DeliveryStatus::unseen));
  BOOST_TEST(result.reason == "cannot append to " + path + ": Permission denied");
  tests::run({"chmod", "777", directory.path()});
  BOOST_TEST(is(deliver(as_user), DeliveryStatus::delivered));
  struct stat status {};
  BOOST_TEST(stat(path.c_str(), &status) == 0);
  BOOST_TEST(status.st_uid == 65534U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

}  // namespace batch_notifier::notifiers
