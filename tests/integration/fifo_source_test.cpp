// SPDX-License-Identifier: MIT
/// @file
/// The source on a real FIFO, with the test in keepalived's part: it opens the FIFO for reading and
/// writing, without blocking.
#define BOOST_TEST_DYN_LINK
#include "sources/fifo_source.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include "ledger/fifo_journal.hpp"
#include "sources/fifo_keeper.hpp"
#include "tests/support/privilege.hpp"
#include "tests/support/process.hpp"
#include "tests/support/recording_log.hpp"
#include "tests/support/wait.hpp"

using namespace batch_notifier;
using namespace batch_notifier::tests;

namespace {

/// Observations as words.
class FifoRecorder final : public core::ObservationSink {
 public:
  explicit FifoRecorder(const std::string& uncommitted) : uncommitted_(uncommitted) {}

  void observe(const core::Observation& observation) override {
    if (const auto* state = std::get_if<core::StateSeen>(&observation)) {
      BOOST_TEST(!uncommitted_.empty());
      BOOST_TEST((state->witness == core::Witness::fifo));
      BOOST_TEST(!state->answered);
      BOOST_REQUIRE(state->priority.has_value());
      seen.push_back(std::to_string(state->instance) + " " + std::string(to_string(state->state)) +
                     " " + std::to_string(*state->priority));
    } else if (const auto* priority = std::get_if<core::PrioritySeen>(&observation)) {
      seen.push_back(std::to_string(priority->instance) + " priority " +
                     std::to_string(priority->priority));
    } else if (std::holds_alternative<core::FifoOpened>(observation)) {
      seen.emplace_back("opened");
    } else if (std::holds_alternative<core::FifoLost>(observation)) {
      seen.emplace_back("lost");
    } else {
      seen.emplace_back("not from the FIFO");
    }
  }

  std::vector<std::string> seen;

 private:
  const std::string& uncommitted_;
};

/// The bytes that the next worker would get if this one were killed now.
class FifoMemory final : public ledger::FifoJournal {
 public:
  std::size_t append(std::string_view bytes) override {
    uncommitted += bytes;
    return uncommitted.size();
  }
  void commit(std::size_t rest) override {
    BOOST_REQUIRE(rest <= uncommitted.size());
    uncommitted.erase(0, uncommitted.size() - rest);
  }
  void clear() override {
    ++cleared;
    uncommitted.clear();
  }

  std::string uncommitted;
  int cleared = 0;
};

using Seen = std::vector<std::string>;

struct FifoBench {
  FifoBench() {
    for (const char* name : {"VI_0", "VI 1", "ignored"}) {
      core::Instance instance;
      instance.name = name;
      instance.ignored = instance.name == "ignored";
      topology.instances.push_back(instance);
    }
  }

  void make_fifo(mode_t mode = 0600) const {
    BOOST_REQUIRE_EQUAL(mkfifo(path.c_str(), 0600), 0);
    BOOST_REQUIRE_EQUAL(chmod(path.c_str(), mode), 0);
  }

  void start() {
    source.emplace(loop, log, statistics, topology, recorder, path, &memory);
    source->start();
  }

  /// As keepalived opens it.
  void open_writer() {
    writer.reset(open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    BOOST_REQUIRE(writer);
  }

  /// As keepalived writes; whether it went in.
  [[nodiscard]] bool write_line(const std::string& line) const {
    return write(writer.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
  }

  template <typename Condition>
  bool until(Condition condition) {
    return wait_until([this, &condition] {
      loop.dispatch();
      return condition();
    });
  }

  bool until_seen(const Seen& expected) {
    const bool came = until([&] { return recorder.seen.size() >= expected.size(); });
    BOOST_TEST(recorder.seen == expected, boost::test_tools::per_element());
    return came;
  }

  /// Turns the loop until it has had nothing to do for a while; whether it comes to that.
  bool falls_silent() {
    pollfd ready{loop.fd(), POLLIN, 0};
    return wait_until([&] {
      loop.dispatch();
      return poll(&ready, 1, 300) == 0;
    });
  }

  [[nodiscard]] std::uint64_t value(core::Counter counter) const {
    return statistics.value(counter);
  }

  TemporaryDirectory directory;
  std::string path = directory.file("fifo");
  runtime::EventLoop loop;
  RecordingLog log;
  core::Statistics statistics;
  core::Topology topology;
  FifoMemory memory;
  FifoRecorder recorder{memory.uncommitted};
  std::optional<sources::FifoSource> source;
  runtime::UniqueFd writer;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fifo_source, FifoBench)

BOOST_AUTO_TEST_CASE(reports_the_states_of_configured_instances_in_order) {
  make_fifo();
  start();
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI_0\" BACKUP 100\n"));
  BOOST_TEST(write_line("GROUP \"G\" BACKUP 0\n"));
  BOOST_TEST(write_line(std::string("VS [192.0.2.1]:tcp:80 UP\n\0", 26)));
  BOOST_TEST(write_line("INSTANCE \"VI 1\" MASTER 150\n"));
  BOOST_TEST(write_line("INSTANCE \"ignored\" MASTER 150\n"));
  BOOST_TEST(write_line("INSTANCE \"foreign\" MASTER 150\n"));
  BOOST_TEST(write_line("INSTANCE \"foreign\" BACKUP 150\n"));
  BOOST_TEST(
      write_line("rub\x1b"
                 "bish\n"));
  BOOST_TEST(write_line("INSTANCE \"VI 1\" MASTER_PRIORITY 200\n"));
  BOOST_TEST(until_seen({"opened", "0 BACKUP 100", "1 MASTER 150", "1 priority 200"}));
  BOOST_TEST(value(core::Counter::fifo_lines) == 8U);
  BOOST_TEST(value(core::Counter::fifo_malformed) == 1U);
  BOOST_TEST(log.count("\"foreign\"") == 1U);
  BOOST_TEST(log.count("begins \"rub?bish\"") == 1U);
}

BOOST_AUTO_TEST_CASE(reports_lines_that_were_written_before_it_started) {
  make_fifo();
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\n"));
  start();
  BOOST_TEST(until_seen({"opened", "0 MASTER 100"}));
}

BOOST_AUTO_TEST_CASE(does_not_wake_up_while_no_line_comes) {
  BOOST_TEST_CONTEXT("no FIFO") {
    start();
    BOOST_TEST(falls_silent());
  }
  BOOST_TEST_CONTEXT("no writer") {
    make_fifo();
    BOOST_TEST(falls_silent());
  }
  BOOST_TEST_CONTEXT("a writer that says nothing") {
    open_writer();
    BOOST_TEST(falls_silent());
  }
  BOOST_TEST_CONTEXT("a writer that has spoken") {
    BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\n"));
    BOOST_TEST(until_seen({"opened", "0 MASTER 100"}));
    BOOST_TEST(falls_silent());
  }
  BOOST_TEST_CONTEXT("a writer that has gone") {
    writer.reset();
    BOOST_TEST(until_seen({"opened", "0 MASTER 100", "lost"}));
    BOOST_TEST(falls_silent());
  }
}

BOOST_AUTO_TEST_CASE(a_writer_may_go_and_come_back) {
  make_fifo();
  start();
  for (int round = 1; round <= 3; ++round) {
    recorder.seen.clear();
    open_writer();
    // The last words are heard even when the writer has gone by then.
    BOOST_TEST(write_line("INSTANCE \"VI_0\" STOP 100\n"));
    if (round == 2) {
      BOOST_TEST(until_seen({"opened", "0 STOP 100"}));
    }
    writer.reset();
    BOOST_TEST(until_seen({"opened", "0 STOP 100", "lost"}));
    BOOST_TEST(falls_silent());
  }
  BOOST_TEST(log.count("nobody writes to it any more") == 1U);
}

BOOST_AUTO_TEST_CASE(a_writer_that_goes_without_a_line_is_noticed_too) {
  make_fifo();
  start();
  open_writer();
  writer.reset();
  BOOST_TEST(falls_silent());
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\n"));
  BOOST_TEST(until_seen({"lost", "opened", "0 MASTER 100"}));
}

BOOST_AUTO_TEST_CASE(waits_for_a_fifo_that_is_not_there_yet) {
  start();
  BOOST_TEST(falls_silent());
  make_fifo();
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\n"));
  BOOST_TEST(until_seen({"opened", "0 MASTER 100"}));
  BOOST_TEST(log.count("warning") == 0U);
  BOOST_TEST(log.count("not read") == 0U);
}

BOOST_AUTO_TEST_CASE(waits_for_a_directory_that_is_not_there_yet) {
  path = directory.file("later/fifo");
  start();
  BOOST_TEST(log.count("cannot watch") == 1U);
  BOOST_REQUIRE_EQUAL(mkdir(directory.file("later").c_str(), 0700), 0);
  make_fifo();
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\n"));
  BOOST_TEST(until_seen({"opened", "0 MASTER 100"}));
  BOOST_TEST(log.count("can be read now") == 1U);
}

BOOST_AUTO_TEST_CASE(follows_the_path_to_a_new_fifo) {
  BOOST_TEST_CONTEXT("while nobody has written the old one") {
    make_fifo();
    start();
    BOOST_TEST(falls_silent());
    BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
    make_fifo();
    open_writer();
    BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\n"));
    BOOST_TEST(until_seen({"opened", "0 MASTER 100"}));
  }
  BOOST_TEST_CONTEXT("as keepalived does when it reloads") {
    BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
    writer.reset();
    make_fifo();
    open_writer();
    BOOST_TEST(write_line("INSTANCE \"VI 1\" BACKUP 90\n"));
    BOOST_TEST(until_seen({"opened", "0 MASTER 100", "lost", "opened", "1 BACKUP 90"}));
  }
}

BOOST_AUTO_TEST_CASE(a_pinned_source_opens_no_other_fifo) {
  make_fifo();
  start();
  open_writer();
  source->pin();
  BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\n"));
  BOOST_TEST(until_seen({"opened", "0 MASTER 100"}));
  BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
  writer.reset();
  BOOST_TEST(until_seen({"opened", "0 MASTER 100", "lost"}));
  make_fifo();
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI 1\" BACKUP 90\n"));
  BOOST_TEST(falls_silent());
  // Still there for the one that it is meant for.
  Seen().swap(recorder.seen);
  start();
  BOOST_TEST(until_seen({"opened", "1 BACKUP 90"}));
}

BOOST_AUTO_TEST_CASE(a_fifo_with_unread_lines_is_not_given_up_for_another_one) {
  make_fifo();
  start();
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI_0\" FAULT 100\n"));
  BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
  make_fifo();
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI 1\" BACKUP 90\n"));
  BOOST_TEST(until_seen({"opened", "0 FAULT 100", "lost", "opened", "1 BACKUP 90"}));
}

BOOST_AUTO_TEST_CASE(a_keeper_saves_the_lines_of_a_fifo_that_is_gone) {
  make_fifo();
  sources::FifoKeeper keeper(loop, path, 0);
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI_0\" FAULT 100\n"));
  BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
  make_fifo();
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI 1\" BACKUP 90\n"));
  BOOST_TEST(falls_silent());
  source.emplace(loop, log, statistics, topology, recorder, path, &memory);
  source->start(keeper.take());
  BOOST_TEST(until_seen({"opened", "0 FAULT 100", "lost", "opened", "1 BACKUP 90"}));
}

BOOST_AUTO_TEST_CASE(a_keeper_goes_on_to_a_new_fifo_unless_it_is_pinned) {
  for (const bool pinned : {false, true}) {
    make_fifo();
    sources::FifoKeeper keeper(loop, path, 0);
    if (pinned) {
      keeper.pin();
    }
    BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
    make_fifo();
    BOOST_TEST(falls_silent());
    const sources::HeldFifo held = keeper.take();
    BOOST_TEST(held.pinned == pinned);
    BOOST_TEST(held.pipe.is_at(path) == !pinned);
    BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
  }
}

BOOST_AUTO_TEST_CASE(a_keeper_goes_on_with_the_descriptor_of_its_host) {
  make_fifo();
  open_writer();
  const runtime::UniqueFd host(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  BOOST_TEST(write_line("INSTANCE \"VI_0\" FAULT 100\n"));
  BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
  writer.reset();
  sources::FifoKeeper keeper(loop, path, host.get());
  source.emplace(loop, log, statistics, topology, recorder, path, &memory);
  source->start(keeper.take());
  BOOST_TEST(until_seen({"opened", "0 FAULT 100"}));
}

BOOST_AUTO_TEST_CASE(goes_on_in_the_middle_of_a_line_that_a_former_worker_began) {
  make_fifo();
  open_writer();
  BOOST_TEST(write_line("TER 100\n"));
  start();
  memory.uncommitted = "INSTANCE \"VI 1\" BACKUP 90\nINSTANCE \"VI_0\" MAS";
  source->replay(std::string(memory.uncommitted));
  BOOST_TEST(until_seen({"opened", "1 BACKUP 90", "0 MASTER 100"}));
  BOOST_TEST(memory.uncommitted == "");
}

BOOST_AUTO_TEST_CASE(after_a_damaged_journal_the_fifo_counts_from_its_next_line) {
  make_fifo();
  start();
  memory.uncommitted = "INSTANCE \"VI 1\" BACKUP 90\nINSTANCE \"VI_0\" MAS";
  source->replay(std::string(memory.uncommitted), true);
  BOOST_TEST(recorder.seen == (Seen{"opened", "1 BACKUP 90", "lost"}),
             boost::test_tools::per_element());
  BOOST_TEST(memory.cleared == 1);
  open_writer();
  // Not the end of the line that the journal began.
  BOOST_TEST(write_line("TER 100\nINSTANCE \"VI_0\" FAULT 100\n"));
  BOOST_TEST(until_seen({"opened", "1 BACKUP 90", "lost", "opened", "0 FAULT 100"}));
}

BOOST_AUTO_TEST_CASE(knows_whether_a_writer_has_the_fifo_open) {
  start();
  BOOST_TEST(!source->has_writer());
  make_fifo();
  BOOST_TEST(until([this] { return source->is_open(); }));
  BOOST_TEST(!source->has_writer());
  BOOST_TEST(source->is_open());
  open_writer();
  BOOST_TEST(source->has_writer());
  BOOST_TEST_CONTEXT("lines that wait are reported, and are in the journal while they are") {
    BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\nINSTANCE \"VI_0\" ST"));
    BOOST_TEST(source->has_writer());
    BOOST_TEST(recorder.seen == (Seen{"opened", "0 MASTER 100"}), boost::test_tools::per_element());
    BOOST_TEST(memory.uncommitted == "INSTANCE \"VI_0\" ST");
  }
  BOOST_TEST_CONTEXT("a writer that has gone after its last line") {
    BOOST_TEST(write_line("OP 100\n"));
    writer.reset();
    BOOST_TEST(!source->has_writer());
    BOOST_TEST(recorder.seen == (Seen{"opened", "0 MASTER 100", "0 STOP 100"}),
               boost::test_tools::per_element());
  }
  BOOST_TEST(until_seen({"opened", "0 MASTER 100", "0 STOP 100", "lost"}));
}

BOOST_AUTO_TEST_CASE(a_pipe_that_everybody_has_closed_is_another_one) {
  const auto was_read_before = [this] { return sources::FifoPipe(path).was_read_before(); };
  make_fifo();
  open_writer();
  BOOST_TEST(!was_read_before());
  // As after a reader was killed: keepalived has it open.
  BOOST_TEST(was_read_before());
  BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\n"));
  BOOST_TEST(was_read_before());
  // As over a reload without a reader.
  writer.reset();
  open_writer();
  BOOST_TEST(!was_read_before());
  start();
  BOOST_TEST(falls_silent());
  BOOST_TEST(recorder.seen.empty());
  BOOST_TEST(!sources::FifoPipe().was_read_before());
}

BOOST_AUTO_TEST_CASE(the_beginning_of_a_line_stays_in_the_journal_until_its_end_has_come) {
  make_fifo();
  start();
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\nINSTANCE \"VI_0\" BAC"));
  BOOST_TEST(until_seen({"opened", "0 MASTER 100"}));
  BOOST_TEST(memory.uncommitted == "INSTANCE \"VI_0\" BAC");
  BOOST_TEST(write_line("KUP 100\nIN"));
  BOOST_TEST(until_seen({"opened", "0 MASTER 100", "0 BACKUP 100"}));
  BOOST_TEST(memory.uncommitted == "IN");
  BOOST_TEST_CONTEXT("or cannot come any more") {
    BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
    source->hand_over();
    BOOST_TEST(memory.uncommitted == "");
    BOOST_TEST(memory.cleared == 0);
  }
}

BOOST_AUTO_TEST_CASE(lines_after_the_end_of_keepalived_are_left_to_the_next_reader) {
  make_fifo();
  start();
  open_writer();
  bool ended = false;
  source->stop_reading_when([&] { return ended; });
  BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\n"));
  BOOST_TEST(until_seen({"opened", "0 MASTER 100"}));
  ended = true;
  BOOST_TEST(write_line("INSTANCE \"VI_0\" FAULT 100\n"));
  BOOST_TEST(falls_silent());
  Seen().swap(recorder.seen);
  start();
  BOOST_TEST(until_seen({"opened", "0 FAULT 100"}));
  BOOST_TEST_CONTEXT("unless nobody can read it any more") {
    source->stop_reading_when([&] { return ended; });
    BOOST_TEST(write_line("INSTANCE \"VI_0\" STOP 100\n"));
    BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
    BOOST_TEST(until_seen({"opened", "0 FAULT 100", "0 STOP 100"}));
  }
}

BOOST_AUTO_TEST_CASE(a_handover_reads_what_no_other_process_can_and_leaves_the_rest) {
  make_fifo();
  start();
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\n"));
  BOOST_TEST(until_seen({"opened", "0 MASTER 100"}));
  BOOST_TEST(write_line("INSTANCE \"VI_0\" BACKUP 100\n"));
  BOOST_TEST_CONTEXT("the next reader opens the same FIFO") {
    source->hand_over();
    Seen().swap(recorder.seen);
    start();
    BOOST_TEST(until_seen({"opened", "0 BACKUP 100"}));
  }
  BOOST_TEST_CONTEXT("the next reader opens another one") {
    BOOST_TEST(write_line("INSTANCE \"VI_0\" FAULT 100\n"));
    BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
    writer.reset();
    source->hand_over();
    BOOST_TEST(until_seen({"opened", "0 BACKUP 100", "0 FAULT 100"}));
    BOOST_TEST(falls_silent());
  }
}

BOOST_AUTO_TEST_CASE(another_file_is_refused_until_a_fifo_is_there) {
  write_file(path, "INSTANCE \"VI_0\" FAULT 1\n");
  start();
  BOOST_TEST(falls_silent());
  BOOST_TEST(log.count("it is not a FIFO") == 1U);
  BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
  BOOST_REQUIRE_EQUAL(mkfifo(directory.file("other").c_str(), 0600), 0);
  BOOST_REQUIRE_EQUAL(symlink("other", path.c_str()), 0);
  BOOST_TEST(until([this] { return log.count("cannot be opened") == 1; }));
  BOOST_REQUIRE_EQUAL(rename(directory.file("other").c_str(), path.c_str()), 0);
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\n"));
  BOOST_TEST(until_seen({"opened", "0 MASTER 100"}));
}

BOOST_AUTO_TEST_CASE(a_fifo_that_others_can_write_is_refused_until_they_cannot) {
  for (const mode_t mode : {0620U, 0602U}) {
    BOOST_TEST_CONTEXT(mode) {
      make_fifo(mode);
      recorder.seen.clear();
      start();
      open_writer();
      BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\n"));
      BOOST_TEST(falls_silent());
      BOOST_TEST(recorder.seen.empty());
      BOOST_TEST(log.count("users other than its owner can write it") == 1U);
      log.messages.clear();
      BOOST_REQUIRE_EQUAL(chmod(path.c_str(), 0644), 0);
      BOOST_TEST(until_seen({"opened", "0 MASTER 100"}));
      source.reset();
      BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_fifo_of_another_user_is_refused, *boost::unit_test::precondition(is_root)) {
  make_fifo();
  BOOST_REQUIRE_EQUAL(chown(path.c_str(), 65534, 65534), 0);
  open_writer();
  BOOST_TEST(write_line("INSTANCE \"VI_0\" MASTER 100\n"));
  start();
  BOOST_TEST(falls_silent());
  BOOST_TEST(recorder.seen.empty());
  BOOST_TEST(log.count("belongs to user 65534") == 1U);
}

BOOST_AUTO_TEST_CASE(a_burst_that_fits_is_reported_in_full) {
  make_fifo();
  start();
  open_writer();
  constexpr std::size_t burst = 10'000;
  for (std::size_t line = 0; line < burst; ++line) {
    BOOST_REQUIRE(write_line("INSTANCE \"VI_0\" " +
                             std::string(line % 2 == 0 ? "MASTER " : "BACKUP ") +
                             std::to_string(line % 256) + "\n"));
  }
  BOOST_TEST(until([this] { return recorder.seen.size() == burst + 1; }));
  BOOST_TEST(recorder.seen.back() == "0 BACKUP " + std::to_string((burst - 1) % 256));
  BOOST_TEST(value(core::Counter::fifo_overflows) == 0U);
}

BOOST_AUTO_TEST_CASE(lines_that_wait_in_a_full_pipe_are_skipped) {
  // Lines of every length, because how full a full pipe is depends on that.
  int overflows = 0;
  for (const std::size_t length : {1U, 300U, 700U, 980U}) {
    BOOST_TEST_CONTEXT(length) {
      topology.instances[0].name = std::string(length, 'n');
      const std::string before = "INSTANCE \"" + topology.instances[0].name;
      make_fifo();
      recorder.seen.clear();
      statistics = {};
      start();
      open_writer();
      BOOST_TEST(write_line(before + "\" BACKUP 1\n"));
      BOOST_TEST(until_seen({"opened", "0 BACKUP 1"}));
      while (write_line(before + "\" MASTER 2\n")) {
      }
      BOOST_TEST(errno == EAGAIN);
      BOOST_TEST(until_seen({"opened", "0 BACKUP 1", "lost"}));
      BOOST_TEST(until([&] { return memory.cleared > overflows; }));
      overflows = memory.cleared;
      BOOST_TEST(value(core::Counter::fifo_overflows) == 1U);
      BOOST_TEST(falls_silent());
      BOOST_TEST(write_line(before + "\" FAULT 3\n"));
      BOOST_TEST(until_seen({"opened", "0 BACKUP 1", "lost", "opened", "0 FAULT 3"}));
      source.reset();
      writer.reset();
      BOOST_REQUIRE_EQUAL(unlink(path.c_str()), 0);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
