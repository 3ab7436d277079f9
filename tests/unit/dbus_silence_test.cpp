// SPDX-License-Identifier: MIT
/// @file
/// What an answer is good for, by who gave it and whether the owner was silent.
#define BOOST_TEST_DYN_LINK
#include "sources/dbus_silence.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/statistics.hpp"
#include "dbus/messages.hpp"
#include "tests/support/dbus_bench.hpp"
#include "tests/support/recording_log.hpp"

namespace {

using namespace batch_notifier;
using sources::DbusSilence;
using Worth = DbusSilence::Worth;

constexpr const char* owner = ":1.7";

/// An answer from `sender`; an error if `error` is given.
dbus::MessagePtr answer(const char* sender, const char* error = nullptr) {
  dbus::MessagePtr message(dbus_message_new(error != nullptr ? DBUS_MESSAGE_TYPE_ERROR
                                                             : DBUS_MESSAGE_TYPE_METHOD_RETURN));
  dbus_message_set_sender(message.get(), sender);
  if (error != nullptr) {
    dbus_message_set_error_name(message.get(), error);
  }
  return message;
}

struct Stage {
  core::Topology topology;
  runtime::EventLoop loop;
  tests::RecordingLog log;
  core::Statistics statistics;
  sources::DbusPaths paths{topology};
  tests::RecordingSink sink{topology};
  int ended = 0;
  int doubted = 0;
  DbusSilence silence{{loop, log, statistics, topology, paths, sink},
                      owner,
                      {[this] { ++ended; }, [this] { ++doubted; }}};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(silence_of_dbus)

BOOST_AUTO_TEST_CASE(an_answer_counts_and_after_a_silence_it_has_everything_read_anew) {
  Stage stage;
  BOOST_TEST((stage.silence.weigh(answer(owner).get()) == Worth::counts));
  BOOST_TEST(
      (stage.silence.weigh(answer(owner, DBUS_ERROR_UNKNOWN_OBJECT).get()) == Worth::counts));
  stage.silence.begin("1 instance");
  stage.silence.begin("2 instances");
  BOOST_TEST(stage.sink.seen == std::vector<std::string>{"silent"});
  BOOST_TEST(stage.log.messages.size() == 1U);
  BOOST_TEST(
      (stage.silence.weigh(answer(owner, DBUS_ERROR_UNKNOWN_OBJECT).get()) == Worth::read_anew));
  BOOST_TEST(stage.ended == 1);
  BOOST_TEST(!stage.silence.silent());
  BOOST_TEST((stage.silence.weigh(answer(owner).get()) == Worth::counts));
  BOOST_TEST(stage.doubted == 0);
}

BOOST_AUTO_TEST_CASE(errors_of_the_bus_end_no_silence) {
  Stage stage;
  stage.silence.begin("1 instance");
  BOOST_TEST((stage.silence.weigh(answer(DBUS_SERVICE_DBUS, DBUS_ERROR_LIMITS_EXCEEDED).get()) ==
              Worth::none));
  BOOST_TEST(stage.ended == 0);
  BOOST_TEST(stage.silence.silent());
  BOOST_TEST(stage.doubted == 0);
}

BOOST_AUTO_TEST_CASE(errors_that_the_owner_cannot_have_sent_have_it_asked_for_again) {
  for (const bool silent : {false, true}) {
    for (const char* error :
         {DBUS_ERROR_SERVICE_UNKNOWN, DBUS_ERROR_NAME_HAS_NO_OWNER, DBUS_ERROR_NO_REPLY}) {
      BOOST_TEST_CONTEXT(error << (silent ? ", silent" : "")) {
        Stage stage;
        if (silent) {
          stage.silence.begin("1 instance");
        }
        BOOST_TEST((stage.silence.weigh(answer(DBUS_SERVICE_DBUS, error).get()) == Worth::none));
        BOOST_TEST(stage.doubted == 1);
        BOOST_TEST(stage.ended == 0);
        BOOST_TEST(stage.silence.silent() == silent);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
