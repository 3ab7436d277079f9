// SPDX-License-Identifier: MIT
// Against a socket of the test's own, which stands for the system log.
#define BOOST_TEST_DYN_LINK
#include "loader/syslog_sink.hpp"

#include <unistd.h>

#include <array>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>

#include <boost/test/unit_test.hpp>
#include <sys/socket.h>
#include <sys/un.h>

#include "runtime/log.hpp"
#include "runtime/unique_fd.hpp"
#include "tests/support/process.hpp"
#include "tests/support/wait.hpp"

namespace batch_notifier::loader {

namespace {

using runtime::Severity;

constexpr unsigned seconds_until_stuck = 60;
constexpr unsigned more_than_any_queue = 100000;

// A daemon that binds the socket, and reads only when it is told to.
class LogDaemon {
 public:
  explicit LogDaemon(const std::string& path)
      : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    unlink(path.c_str());
    if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      throw std::runtime_error("cannot bind " + path);
    }
  }

  // The next message that waits; empty if there is none.
  [[nodiscard]] std::string next() const {
    std::array<char, 4096> buffer{};
    const ssize_t size = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    return {buffer.data(), size < 0 ? 0 : static_cast<std::size_t>(size)};
  }

 private:
  runtime::UniqueFd socket_;
};

struct Fixture {
  tests::TemporaryDirectory directory;
  std::string path = directory.file("log");
};

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(syslog_sink, Fixture, *boost::unit_test::timeout(seconds_until_stuck))

BOOST_AUTO_TEST_CASE(a_message_looks_as_if_syslog_had_sent_it) {
  struct Case {
    Severity severity;
    int priority;
  };
  const LogDaemon daemon(path);
  SyslogSink sink(path);
  for (const Case& each :
       {Case{Severity::error, 27}, Case{Severity::warning, 28}, Case{Severity::notice, 29},
        Case{Severity::info, 30}, Case{Severity::debug, 31}}) {
    sink.write(each.severity, "100 % of it");
    const std::regex expected("<" + std::to_string(each.priority) +
                              ">[A-Z][a-z]{2} [ 0-9]\\d \\d\\d:\\d\\d:\\d\\d "
                              "keepalived-plugin-loader\\[" +
                              std::to_string(getpid()) + "\\]: 100 % of it");
    const std::string message = daemon.next();
    BOOST_TEST(std::regex_match(message, expected), message);
  }
  BOOST_TEST(sink.dropped() == 0U);
}

BOOST_AUTO_TEST_CASE(a_stuck_log_costs_messages_and_no_time) {
  const LogDaemon daemon(path);
  SyslogSink sink(path);
  unsigned written = 0;
  while (sink.dropped() < 3 && written < more_than_any_queue) {
    sink.write(Severity::info, "message " + std::to_string(written++));
  }
  BOOST_REQUIRE(sink.dropped() == 3U);

  unsigned taken = 0;
  for (std::string message; !(message = daemon.next()).empty(); ++taken) {
    BOOST_TEST(ends_with(message, ": message " + std::to_string(taken)), message);
  }
  BOOST_TEST(taken + 3 == written);

  sink.write(Severity::info, "again");
  BOOST_TEST(sink.dropped() == 0U);
  BOOST_TEST(ends_with(daemon.next(), ": 3 messages lost here: the system log did not take them"));
  BOOST_TEST(ends_with(daemon.next(), ": again"));
  BOOST_TEST(daemon.next().empty());
}

BOOST_AUTO_TEST_CASE(a_log_that_comes_late_or_comes_back_is_found) {
  SyslogSink sink(path);
  sink.write(Severity::info, "too early");
  BOOST_TEST(sink.dropped() == 1U);
  for (int life = 0; life < 2; ++life) {
    std::optional<LogDaemon> daemon(path);
    BOOST_TEST(tests::wait_until([&] {
      sink.write(Severity::info, "are you there?");
      return sink.dropped() == 0;
    }));
    BOOST_TEST(ends_with(daemon->next(), "the system log did not take them"));
    BOOST_TEST(ends_with(daemon->next(), ": are you there?"));
    daemon.reset();
    unlink(path.c_str());
    sink.write(Severity::info, "gone");
    BOOST_TEST(sink.dropped() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(a_path_that_fits_no_address_is_refused) {
  BOOST_CHECK_THROW(SyslogSink("/" + std::string(sizeof(sockaddr_un::sun_path), 'x')),
                    std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace batch_notifier::loader
