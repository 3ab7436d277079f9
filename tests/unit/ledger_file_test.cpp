// SPDX-License-Identifier: MIT
/// @file
/// The ledger as text: what is written is read again, and what is not a ledger is told from one.
#define BOOST_TEST_DYN_LINK
#include "runtime/ledger_file.hpp"

#include <stdexcept>
#include <string>

#include <boost/test/unit_test.hpp>

using namespace batch_notifier;
using core::VrrpState;

namespace {

core::Ledger example() {
  core::Ledger ledger;
  ledger.instances.push_back({"VI \"1\"", "eth0", 51, core::AddressFamily::ipv6, VrrpState::master,
                              core::UtcTime(core::Duration(1'700'000'000'123'456)),
                              core::Cause::resync, core::Health::vip_missing});
  ledger.instances.push_back({"VI_2", "", 0, core::AddressFamily::ipv4, VrrpState::fault,
                              core::UtcTime(), core::Cause::signal, core::Health::ok});
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

BOOST_AUTO_TEST_SUITE_END()
