// SPDX-License-Identifier: MIT
/// @file
/// The ledger as text: what is written is read again, and what is not a ledger is told from one.
#define BOOST_TEST_DYN_LINK
#include "runtime/ledger_file.hpp"

#include <zlib.h>

#include <optional>
#include <stdexcept>
#include <string>

#include <boost/test/unit_test.hpp>

using namespace batch_notifier;
using core::VrrpState;

namespace {

core::Ledger example() {
  core::Ledger ledger;
  ledger.keepalived = "100 200";
  ledger.fifo = "0:24:7:1700000000.5";
  ledger.handed_over = true;
  ledger.instances.push_back({"VI \"1\"", "eth0", 51, core::AddressFamily::ipv6, VrrpState::master,
                              core::UtcTime(core::Duration(1'700'000'000'123'456)),
                              core::Cause::resync, core::Health::vip_missing, VrrpState::master});
  ledger.instances.push_back({"VI_2", "", 0, core::AddressFamily::ipv4, VrrpState::fault,
                              core::UtcTime(), core::Cause::signal, core::Health::ok,
                              std::nullopt});
  core::ToldRecord uncertain{VrrpState::backup, core::Health::ok, true,
                             core::Trail(VrrpState::backup)};
  for (int step = 0; step < 41; ++step) {
    uncertain.trail.add(step % 2 == 0 ? VrrpState::master : VrrpState::fault);
  }
  const core::ToldRecord settled{VrrpState::fault, std::nullopt, false,
                                 core::Trail(VrrpState::fault)};
  ledger.notifiers.push_back({"notify_batch\n/bin/a\nb c", true, {uncertain, settled}});
  return ledger;
}

/// A file with that body, and a first line that fits.
std::string with_header(const std::string& body) {
  const auto checksum = crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  return "batch_notifier ledger 1 " + std::to_string(body.size()) + " " + std::to_string(checksum) +
         "\n" + body;
}

/// A file that says one thing otherwise than `ledger`, in good order as a file.
std::string edited(const std::string& before, const std::string& after) {
  const std::string text = runtime::write_ledger(example());
  std::string body = text.substr(text.find('\n') + 1);
  const std::size_t at = body.find(before);
  BOOST_REQUIRE(at != std::string::npos);
  return with_header(body.replace(at, before.size(), after));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_file)

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again) {
  BOOST_TEST((runtime::read_ledger(runtime::write_ledger(example())) == example()));
  BOOST_TEST((runtime::read_ledger(runtime::write_ledger({})) == core::Ledger{}));
}

BOOST_AUTO_TEST_CASE(any_changed_or_missing_byte_is_noticed) {
  const std::string good = runtime::write_ledger(example());
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x04);
    BOOST_CHECK_THROW(runtime::read_ledger(bad), std::runtime_error);
    BOOST_CHECK_THROW(runtime::read_ledger(good.substr(0, at)), std::runtime_error);
  }
  BOOST_CHECK_THROW(runtime::read_ledger(good + " "), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(another_version_is_not_read) {
  std::string other = runtime::write_ledger(example());
  other.replace(other.find(" 1 "), 3, " 2 ");
  BOOST_CHECK_THROW(runtime::read_ledger(other), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_not_believed) {
  core::Ledger ledger = example();
  // A path that does not lead to the state that the instance is in.
  ledger.instances[1].state = VrrpState::backup;
  BOOST_CHECK_THROW(runtime::read_ledger(runtime::write_ledger(ledger)), std::runtime_error);
  ledger = example();
  ledger.notifiers[0].told.pop_back();
  BOOST_CHECK_THROW(runtime::read_ledger(runtime::write_ledger(ledger)), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(names_are_bytes_of_any_encoding) {
  core::Ledger ledger = example();
  ledger.instances[0].name = "caf\xe9";
  ledger.instances[0].interface = "caf\xc3\xa9";
  ledger.instances[1].name = "\x80\xff\xfe\xc3";
  ledger.notifiers[0].consumer = "append_file\n/\xe2\x82\xac \xe4";
  BOOST_TEST((runtime::read_ledger(runtime::write_ledger(ledger)) == ledger));
  BOOST_CHECK_THROW(runtime::read_ledger(edited("VI_2", "\xe2\x82\xac")), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(numbers_that_cannot_be_are_not_believed) {
  BOOST_TEST((runtime::read_ledger(edited("\"VI_2\"", "\"VI_2\"")) == example()));
  const std::string vrid = "\"eth0\",51,";
  for (const std::string wrong : {"307", "-205", "51.0", "true", "\"51\"", "null"}) {
    BOOST_CHECK_THROW(runtime::read_ledger(edited(vrid, "\"eth0\"," + wrong + ",")),
                      std::runtime_error);
  }
  const std::string since = "1700000000123456";
  for (const std::string wrong :
       {"-1", "-9223372036854775808", "253402300800000000", "18446744073709551615", "1e15"}) {
    BOOST_CHECK_THROW(runtime::read_ledger(edited(since, wrong)), std::runtime_error);
  }
  BOOST_CHECK_THROW(runtime::read_ledger(edited(",true,41,", ",true,41.5,")), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_last_word_is_a_state_or_none) {
  const std::string end = ",\"MASTER\"],";
  BOOST_TEST(!runtime::read_ledger(edited(end, ",null],")).instances[0].last_word.has_value());
  for (const std::string wrong : {",7],", ",\"MASTR\"],", ",false],", "],"}) {
    BOOST_CHECK_THROW(runtime::read_ledger(edited(end, wrong)), std::runtime_error);
  }
}

BOOST_AUTO_TEST_CASE(an_instance_stands_there_once) {
  BOOST_CHECK_THROW(runtime::read_ledger(edited("\"VI_2\"", R"("VI \"1\"")")), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(the_highest_count_can_be_gone_on_from) {
  core::Ledger ledger = runtime::read_ledger(edited(",41,", ",18446744073709551615,"));
  core::ToldRecord& told = ledger.notifiers[0].told[0];
  told.trail.add(VrrpState::fault);
  ledger.instances[0].state = VrrpState::fault;
  BOOST_TEST((runtime::read_ledger(runtime::write_ledger(ledger)) == ledger));
}

BOOST_AUTO_TEST_SUITE_END()
