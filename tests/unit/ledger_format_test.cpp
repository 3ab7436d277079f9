// SPDX-License-Identifier: MIT
/// @file
/// The ledger as text: a written ledger is read back equal, and any other text is refused.
#define BOOST_TEST_DYN_LINK
#include "ledger/ledger_format.hpp"

#include <zlib.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include <boost/test/unit_test.hpp>

using namespace batch_notifier;
using core::VrrpState;

namespace {

core::Ledger example() {
  core::Ledger whole;
  whole.keepalived = "100 200";
  whole.fifo = "0:24:7:1700000000.5";
  whole.handed_over = true;
  whole.instances.push_back({"VI \"1\"", "eth0", 51, core::AddressFamily::ipv6, VrrpState::master,
                             core::UtcTime(core::Duration(1'700'000'000'123'456)),
                             core::Cause::resync, core::Health::vip_missing, VrrpState::master,
                             "/etc/fleet/a.conf"});
  whole.instances.push_back({"VI_2", "", 0, core::AddressFamily::ipv4, VrrpState::fault,
                             core::UtcTime(), core::Cause::signal, core::Health::ok, std::nullopt,
                             ""});
  core::ToldRecord uncertain{VrrpState::backup, core::Health::ok, true,
                             core::Trail(VrrpState::backup)};
  for (int step = 0; step < 41; ++step) {
    uncertain.trail.add(step % 2 == 0 ? VrrpState::master : VrrpState::fault);
  }
  const core::ToldRecord settled{VrrpState::fault, std::nullopt, false,
                                 core::Trail(VrrpState::fault)};
  whole.notifiers.push_back({"notify_batch\n/bin/a\nb c", true, {uncertain, settled}});
  return whole;
}

/// A file with that body, and a first line that fits.
std::string with_header(const std::string& body) {
  const auto checksum = crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  return "batch_notifier ledger 2 " + std::to_string(body.size()) + " " + std::to_string(checksum) +
         "\n" + body;
}

/// A ledger file with `before` replaced by `after`, and a first line that fits.
std::string edited(const std::string& before, const std::string& after) {
  const std::string text = ledger::write_ledger(example());
  std::string body = text.substr(text.find('\n') + 1);
  const std::size_t at = body.find(before);
  BOOST_REQUIRE(at != std::string::npos);
  return with_header(body.replace(at, before.size(), after));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_format)

BOOST_AUTO_TEST_CASE(a_written_ledger_is_read_back_equal) {
  BOOST_TEST((ledger::read_ledger(ledger::write_ledger(example())) == example()));
  BOOST_TEST((ledger::read_ledger(ledger::write_ledger({})) == core::Ledger{}));
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_and_every_missing_byte_is_refused) {
  const std::string good = ledger::write_ledger(example());
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1U << bit));
      BOOST_CHECK_THROW(ledger::read_ledger(bad), std::runtime_error);
    }
    BOOST_CHECK_THROW(ledger::read_ledger(good.substr(0, at)), std::runtime_error);
  }
  BOOST_CHECK_THROW(ledger::read_ledger(good + " "), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(another_version_is_refused_by_its_number) {
  for (const std::string version : {"1", "3", "20"}) {
    std::string other = ledger::write_ledger(example());
    other.replace(other.find(" 2 "), 3, " " + version + " ");
    BOOST_CHECK_EXCEPTION(ledger::read_ledger(other), std::runtime_error, [&](const auto& error) {
      return std::string(error.what()) ==
             "it is a ledger of version " + version + ", this program reads version 2";
    });
  }
}

BOOST_AUTO_TEST_CASE(contradictions_are_refused) {
  core::Ledger whole = example();
  // A path that does not lead to the present state of its instance.
  whole.instances[1].state = VrrpState::backup;
  BOOST_CHECK_THROW(ledger::read_ledger(ledger::write_ledger(whole)), std::runtime_error);
  whole = example();
  whole.notifiers[0].told.pop_back();
  BOOST_CHECK_THROW(ledger::read_ledger(ledger::write_ledger(whole)), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(names_are_bytes_of_any_encoding) {
  core::Ledger whole = example();
  whole.instances[0].name = "caf\xe9";
  whole.instances[0].interface = "caf\xc3\xa9";
  whole.instances[1].name = "\x80\xff\xfe\xc3";
  whole.instances[1].keepalived = "/fleet/\xff\xc3.conf";
  whole.keepalived = "\xfe";
  whole.notifiers[0].consumer = "append_file\n/\xe2\x82\xac \xe4";
  BOOST_TEST((ledger::read_ledger(ledger::write_ledger(whole)) == whole));
  BOOST_CHECK_THROW(ledger::read_ledger(edited("VI_2", "\xe2\x82\xac")), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(numbers_outside_their_range_are_refused) {
  BOOST_TEST((ledger::read_ledger(edited("\"VI_2\"", "\"VI_2\"")) == example()));
  const std::string vrid = "\"eth0\",51,";
  for (const std::string wrong : {"307", "-205", "51.0", "true", "\"51\"", "null"}) {
    BOOST_CHECK_THROW(ledger::read_ledger(edited(vrid, "\"eth0\"," + wrong + ",")),
                      std::runtime_error);
  }
  const std::string since = "1700000000123456";
  for (const std::string wrong : {"-9223372036854775808", "-62135596800000001",
                                  "253402300800000000", "18446744073709551615", "1e15", "true"}) {
    BOOST_CHECK_THROW(ledger::read_ledger(edited(since, wrong)), std::runtime_error);
  }
  BOOST_CHECK_THROW(ledger::read_ledger(edited(",true,41,", ",true,41.5,")), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(keepalived_s_own_state_is_a_state_or_null) {
  const std::string end = ",\"MASTER\"],";
  BOOST_TEST(!ledger::read_ledger(edited(end, ",null],")).instances[0].last_word.has_value());
  for (const std::string wrong : {",7],", ",\"MASTR\"],", ",false],", "],"}) {
    BOOST_CHECK_THROW(ledger::read_ledger(edited(end, wrong)), std::runtime_error);
  }
}

BOOST_AUTO_TEST_CASE(times_before_1970_are_read_back_and_impossible_ones_are_bounded) {
  for (const std::int64_t time : {-1LL, -62'135'596'800'000'000LL, 253'402'300'799'999'999LL}) {
    core::Ledger whole = example();
    whole.instances[0].since = core::UtcTime(core::Duration(time));
    BOOST_TEST((ledger::read_ledger(ledger::write_ledger(whole)) == whole));
  }
  core::Ledger whole = example();
  whole.instances[0].since = core::UtcTime::min();
  whole.instances[1].since = core::UtcTime::max();
  const core::Ledger read = ledger::read_ledger(ledger::write_ledger(whole));
  BOOST_TEST(read.instances[0].since.time_since_epoch().count() == -62'135'596'800'000'000);
  BOOST_TEST(read.instances[1].since.time_since_epoch().count() == 253'402'300'799'999'999);
}

BOOST_AUTO_TEST_CASE(an_instance_is_listed_once_per_keepalived) {
  BOOST_TEST(ledger::read_ledger(edited("\"VI_2\"", R"("VI \"1\"")")).instances.size() == 2U);
  BOOST_CHECK_THROW(
      ledger::read_ledger(edited(R"("","VI_2")", R"("/etc/fleet/a.conf","VI \"1\"")")),
      std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_ledger_of_100000_instances_is_written_and_read_within_seconds) {
  core::Ledger whole;
  core::NotifierRecord& notifier = whole.notifiers.emplace_back();
  for (int number = 0; number < 100'000; ++number) {
    core::InstanceRecord& instance = whole.instances.emplace_back();
    instance.name = "VI_" + std::to_string(number);
    notifier.told.emplace_back();
  }
  const auto begin = std::chrono::steady_clock::now();
  BOOST_TEST((ledger::read_ledger(ledger::write_ledger(whole)) == whole));
  // Some 0.5 s alone; a quadratic search would take minutes.
  BOOST_TEST((std::chrono::steady_clock::now() - begin < std::chrono::seconds(20)));
}

BOOST_AUTO_TEST_CASE(counting_goes_on_from_the_highest_count) {
  core::Ledger whole = ledger::read_ledger(edited(",41,", ",18446744073709551615,"));
  core::ToldRecord& told = whole.notifiers[0].told[0];
  told.trail.add(VrrpState::fault);
  whole.instances[0].state = VrrpState::fault;
  BOOST_TEST((ledger::read_ledger(ledger::write_ledger(whole)) == whole));
}

BOOST_AUTO_TEST_SUITE_END()
