// SPDX-License-Identifier: MIT
#define BOOST_TEST_DYN_LINK
#include "core/vip_table.hpp"

#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <sys/socket.h>

namespace {

using namespace batch_notifier::core;

using Step = std::function<void(VipTable&)>;

IpAddress ip(const std::string& text) {
  IpAddress address;
  const bool is_ipv6 = text.find(':') != std::string::npos;
  address.family = is_ipv6 ? AddressFamily::ipv6 : AddressFamily::ipv4;
  if (inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text.c_str(), address.bytes.data()) != 1) {
    throw std::invalid_argument(text);
  }
  return address;
}

VirtualAddress vip(const std::string& address, const std::string& interface,
                   bool excluded = false) {
  VirtualAddress made;
  made.address = ip(address);
  made.prefix_length = 24;  // Never what the kernel has here: it is not compared.
  made.interface = interface;
  made.excluded = excluded;
  return made;
}

Instance instance(const std::string& name, std::vector<VirtualAddress> vips) {
  Instance made;
  made.name = name;
  made.vips = std::move(vips);
  return made;
}

Topology topology() {
  Topology made;
  made.instances = {
      instance("A",
               {vip("10.0.0.1", "eth0"), vip("10.0.0.2", "eth0"), vip("10.0.0.3", "eth0", true)}),
      instance("SHARED", {vip("10.0.0.8", "eth0"), vip("10.0.0.1", "eth0")}),
      instance("LOCAL", {vip("fe80::1", "eth1"), vip("2001:db8::1", "eth1")}),
      instance("VMAC", {vip("fe80::1", "vrrp.51")}),
      instance("EXCLUDED", {vip("10.0.0.9", "eth0", true)}),
      instance("LATE_FIRST", {vip("10.0.0.4", "eth0", true), vip("10.0.0.5", "eth0")}),
      instance("IGNORED", {vip("10.0.0.2", "eth0")}),
      instance("NONE", {}),
  };
  made.instances[6].ignored = true;
  return made;
}

Step link(std::uint32_t ifindex, const std::string& name, Origin origin = Origin::notification) {
  return [=](VipTable& table) { table.apply(LinkEvent{ifindex, name, true}, origin); };
}

Step unlink(std::uint32_t ifindex, const std::string& name) {
  return [=](VipTable& table) {
    table.apply(LinkEvent{ifindex, name, false}, Origin::notification);
  };
}

AddressEvent event(std::uint32_t ifindex, const std::string& address, std::uint8_t prefix_length,
                   const std::string& peer, bool present) {
  return {ifindex, ip(address), ip(peer.empty() ? address : peer), prefix_length, present};
}

Step add(std::uint32_t ifindex, const std::string& address, std::uint8_t prefix_length = 32,
         const std::string& peer = "") {
  return [=](VipTable& table) {
    table.apply(event(ifindex, address, prefix_length, peer, true), Origin::notification);
  };
}

Step remove(std::uint32_t ifindex, const std::string& address, std::uint8_t prefix_length = 32,
            const std::string& peer = "") {
  return [=](VipTable& table) {
    table.apply(event(ifindex, address, prefix_length, peer, false), Origin::notification);
  };
}

Step dumped(std::uint32_t ifindex, const std::string& address) {
  return [=](VipTable& table) { table.apply(event(ifindex, address, 32, "", true), Origin::dump); };
}

Step dumped_link(std::uint32_t ifindex, const std::string& name) {
  return link(ifindex, name, Origin::dump);
}

const Step begin_dump = [](VipTable& table) { table.begin_dump(); };
const Step end_dump = [](VipTable& table) { table.end_dump(); };

std::string text_of(const std::vector<VipsSeen>& seen, bool with_empty) {
  const Topology names = topology();
  std::string text;
  for (const VipsSeen& vips : seen) {
    if (vips.present > 0 || with_empty) {
      text += (text.empty() ? "" : " ") + names.instances.at(vips.instance).name + "=" +
              std::to_string(vips.present) + (vips.first_present ? "+" : "");
    }
  }
  return text;
}

struct Case {
  std::string title;
  std::vector<Step> steps;
  std::string present;  // Instances that have a VIP, how many, and + if the first is among them.
};

std::ostream& operator<<(std::ostream& stream, const Case& sample) {
  return stream << sample.title;
}

const std::vector<Case> cases{
    {"nothing", {}, ""},
    {"the first VIP", {link(2, "eth0"), add(2, "10.0.0.8")}, "SHARED=1+"},
    {"another VIP than the first", {link(2, "eth0"), add(2, "10.0.0.2")}, "A=1"},
    {"an excluded VIP", {link(2, "eth0"), add(2, "10.0.0.3")}, "A=1"},
    {"only excluded VIPs: none is the first", {link(2, "eth0"), add(2, "10.0.0.9")}, "EXCLUDED=1"},
    {"the first is the first that is not excluded",
     {link(2, "eth0"), add(2, "10.0.0.5")},
     "LATE_FIRST=1+"},
    {"an excluded one before the first", {link(2, "eth0"), add(2, "10.0.0.4")}, "LATE_FIRST=1"},
    {"one address, two instances", {link(2, "eth0"), add(2, "10.0.0.1")}, "A=1+ SHARED=1"},
    {"all of an instance",
     {link(2, "eth0"), add(2, "10.0.0.1"), add(2, "10.0.0.2"), add(2, "10.0.0.3")},
     "A=3+ SHARED=1"},
    {"not a VIP", {link(2, "eth0"), add(2, "10.0.0.77")}, ""},
    {"a VIP on the wrong interface", {link(3, "eth1"), add(3, "10.0.0.8")}, ""},
    {"a VIP on an unknown interface", {add(9, "10.0.0.8")}, ""},
    {"heard of twice", {link(2, "eth0"), add(2, "10.0.0.8"), add(2, "10.0.0.8")}, "SHARED=1+"},
    {"removed", {link(2, "eth0"), add(2, "10.0.0.8"), remove(2, "10.0.0.8")}, ""},
    {"removed without having been there",
     {link(2, "eth0"), remove(2, "10.0.0.8"), add(2, "10.0.0.8")},
     "SHARED=1+"},
    {"two prefixes count once",
     {link(2, "eth0"), add(2, "10.0.0.8", 24), add(2, "10.0.0.8", 32)},
     "SHARED=1+"},
    {"of two prefixes one is left",
     {link(2, "eth0"), add(2, "10.0.0.8", 24), add(2, "10.0.0.8", 32), remove(2, "10.0.0.8", 24)},
     "SHARED=1+"},
    {"of two prefixes none is left",
     {link(2, "eth0"), add(2, "10.0.0.8", 24), add(2, "10.0.0.8", 32), remove(2, "10.0.0.8", 24),
      remove(2, "10.0.0.8", 32)},
     ""},
    {"of two peers one is left",
     {link(2, "eth0"), add(2, "10.0.0.8", 32, "10.9.0.1"), add(2, "10.0.0.8", 32, "10.9.0.2"),
      remove(2, "10.0.0.8", 32, "10.9.0.1")},
     "SHARED=1+"},
    {"an IPv6 address is on a link once, whatever its peer becomes",
     {link(3, "eth1"), add(3, "2001:db8::1", 64), add(3, "2001:db8::1", 128, "2001:db8::2"),
      remove(3, "2001:db8::1", 128, "2001:db8::2")},
     ""},
    {"link-local on two interfaces",
     {link(3, "eth1"), link(4, "vrrp.51"), add(3, "fe80::1"), add(4, "fe80::1")},
     "LOCAL=1+ VMAC=1+"},
    {"link-local left on the VMAC",
     {link(3, "eth1"), link(4, "vrrp.51"), add(3, "fe80::1"), add(4, "fe80::1"),
      remove(3, "fe80::1")},
     "VMAC=1+"},

    {"link after its addresses", {add(2, "10.0.0.8"), link(2, "eth0")}, "SHARED=1+"},
    {"renamed away", {link(2, "eth0"), add(2, "10.0.0.8"), link(2, "lan0")}, ""},
    {"renamed to what is configured",
     {link(2, "lan0"), add(2, "10.0.0.8"), link(2, "eth0")},
     "SHARED=1+"},
    {"renamed from one configured name to another",
     {link(3, "eth1"), add(3, "fe80::1"), link(3, "vrrp.51")},
     "VMAC=1+"},
    {"renamed and back",
     {link(2, "eth0"), add(2, "10.0.0.8"), link(2, "lan0"), link(2, "eth0")},
     "SHARED=1+"},
    {"link removed", {link(2, "eth0"), add(2, "10.0.0.8"), unlink(2, "eth0")}, ""},
    {"link made again with another index",
     {link(2, "eth0"), add(2, "10.0.0.8"), unlink(2, "eth0"), link(7, "eth0"), add(7, "10.0.0.2")},
     "A=1"},
    {"link made again with the same index",
     {link(2, "eth0"), add(2, "10.0.0.8"), unlink(2, "eth0"), link(2, "eth0")},
     ""},
    {"another link under the index",
     {link(2, "eth0"), add(2, "fe80::1"), unlink(2, "eth0"), link(2, "vrrp.51")},
     ""},

    {"a dump", {begin_dump, dumped_link(2, "eth0"), dumped(2, "10.0.0.8"), end_dump}, "SHARED=1+"},
    {"no longer listed goes",
     {link(2, "eth0"), add(2, "10.0.0.8"), add(2, "10.0.0.2"), begin_dump, dumped_link(2, "eth0"),
      dumped(2, "10.0.0.2"), end_dump},
     "A=1"},
    {"no longer listed stays until the end",
     {link(2, "eth0"), add(2, "10.0.0.8"), begin_dump, dumped_link(2, "eth0")},
     "SHARED=1+"},
    {"a link no longer listed goes",
     {link(2, "eth0"), add(2, "10.0.0.8"), begin_dump, end_dump},
     ""},
    {"a link that has another index now",
     {link(2, "eth0"), add(2, "10.0.0.8"), begin_dump, dumped_link(5, "eth0"),
      dumped(5, "10.0.0.8"), end_dump, remove(2, "10.0.0.8"), unlink(2, "eth0")},
     "SHARED=1+"},
    {"a link that has another name now",
     {link(3, "eth1"), add(3, "fe80::1"), begin_dump, dumped_link(3, "vrrp.51"),
      dumped(3, "fe80::1"), end_dump},
     "VMAC=1+"},
    {"a broken-off dump removes nothing",
     {link(2, "eth0"), add(2, "10.0.0.8"), begin_dump, begin_dump, dumped_link(2, "eth0"),
      dumped(2, "10.0.0.8"), end_dump},
     "SHARED=1+"},
    {"added during a dump that does not list it",
     {begin_dump, dumped_link(2, "eth0"), add(2, "10.0.0.8"), end_dump},
     "SHARED=1+"},
    {"added during a dump that lists it too",
     {begin_dump, dumped_link(2, "eth0"), add(2, "10.0.0.8"), dumped(2, "10.0.0.8"), end_dump,
      remove(2, "10.0.0.8")},
     ""},
    {"removed after it was listed",
     {begin_dump, dumped_link(2, "eth0"), dumped(2, "10.0.0.8"), remove(2, "10.0.0.8"), end_dump},
     ""},
    {"removed before an older listing",
     {link(2, "eth0"), add(2, "10.0.0.8"), begin_dump, dumped_link(2, "eth0"),
      remove(2, "10.0.0.8"), dumped(2, "10.0.0.8"), end_dump},
     ""},
    {"removed, never known, before an older listing",
     {begin_dump, dumped_link(2, "eth0"), remove(2, "10.0.0.8"), dumped(2, "10.0.0.8"), end_dump},
     ""},
    {"removed and added before an older listing",
     {begin_dump, dumped_link(2, "eth0"), remove(2, "10.0.0.8"), add(2, "10.0.0.8"),
      dumped(2, "10.0.0.8"), end_dump},
     "SHARED=1+"},
    {"link renamed before an older listing",
     {link(2, "eth0"), add(2, "10.0.0.8"), begin_dump, link(2, "lan0"), dumped_link(2, "eth0"),
      dumped(2, "10.0.0.8"), end_dump},
     ""},
    {"link removed before an older listing",
     {link(2, "eth0"), add(2, "10.0.0.8"), begin_dump, remove(2, "10.0.0.8"), unlink(2, "eth0"),
      dumped_link(2, "eth0"), dumped(2, "10.0.0.8"), end_dump},
     ""},
    {"unknown link renamed before an older listing",
     {begin_dump, link(2, "lan0"), dumped_link(2, "eth0"), dumped(2, "10.0.0.8"), end_dump},
     ""},
    {"addresses go with their link during a dump too",
     {link(2, "eth0"), add(2, "10.0.0.8"), begin_dump, unlink(2, "eth0"), link(2, "eth0"),
      end_dump},
     ""},
    {"the index of a link that a dump did not list means nothing",
     {link(2, "eth0"), begin_dump, end_dump, add(2, "10.0.0.8")},
     ""},
    {"what a dump knew may be listed in the next",
     {begin_dump, dumped_link(2, "eth0"), remove(2, "10.0.0.8"), begin_dump, dumped_link(2, "eth0"),
      dumped(2, "10.0.0.8"), end_dump},
     "SHARED=1+"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(vip_table)

BOOST_DATA_TEST_CASE(present_vips_follow_links_and_addresses, boost::unit_test::data::make(cases),
                     sample) {
  VipTable table(topology());
  for (const Step& step : sample.steps) {
    step(table);
  }
  BOOST_TEST(text_of(table.take_all(), false) == sample.present);
}

BOOST_AUTO_TEST_CASE(all_lists_every_instance_that_is_not_ignored) {
  VipTable table(topology());
  BOOST_TEST(text_of(table.take_all(), true) ==
             "A=0 SHARED=0 LOCAL=0 VMAC=0 EXCLUDED=0 LATE_FIRST=0 NONE=0");
}

BOOST_AUTO_TEST_CASE(changes_are_taken_once) {
  VipTable table(topology());
  BOOST_TEST(text_of(table.take_changes(), true) == "");
  link(2, "eth0")(table);
  BOOST_TEST(text_of(table.take_changes(), true) == "");
  add(2, "10.0.0.1")(table);
  BOOST_TEST(text_of(table.take_changes(), true) == "A=1+ SHARED=1");
  BOOST_TEST(text_of(table.take_changes(), true) == "");
  add(2, "10.0.0.2")(table);
  remove(2, "10.0.0.1")(table);
  BOOST_TEST(text_of(table.take_changes(), true) == "A=1 SHARED=0");
}

BOOST_AUTO_TEST_CASE(an_address_that_is_added_and_removed_is_no_change) {
  VipTable table(topology());
  link(2, "eth0")(table);
  add(2, "10.0.0.8")(table);
  remove(2, "10.0.0.8")(table);
  BOOST_TEST(text_of(table.take_changes(), true) == "");
  add(2, "10.0.0.8")(table);
  BOOST_TEST(text_of(table.take_changes(), true) == "SHARED=1+");
}

BOOST_AUTO_TEST_CASE(taking_all_takes_the_changes_too) {
  VipTable table(topology());
  link(2, "eth0")(table);
  add(2, "10.0.0.8")(table);
  table.take_all();
  BOOST_TEST(text_of(table.take_changes(), true) == "");
  remove(2, "10.0.0.8")(table);
  BOOST_TEST(text_of(table.take_changes(), true) == "SHARED=0");
}

BOOST_AUTO_TEST_CASE(addresses_from_a_dump_are_marked_as_answers) {
  VipTable table(topology());
  const auto only_answered = [&table] {
    const std::vector<VipsSeen> seen = table.take_changes();
    BOOST_TEST_REQUIRE(seen.size() == 1U);
    return seen.front().answered;
  };
  link(2, "eth0")(table);
  add(2, "10.0.0.8")(table);
  BOOST_TEST(!only_answered());
  // Not listed any more: that it went was missed.
  table.begin_dump();
  dumped_link(2, "eth0")(table);
  table.end_dump();
  BOOST_TEST(only_answered());
  // Listed, and nobody had said that it came.
  table.begin_dump();
  dumped_link(2, "eth0")(table);
  dumped(2, "10.0.0.8")(table);
  table.end_dump();
  BOOST_TEST(only_answered());
  // A notification during a dump is heard like any other.
  table.begin_dump();
  remove(2, "10.0.0.8")(table);
  dumped_link(2, "eth0")(table);
  dumped(2, "10.0.0.8")(table);
  table.end_dump();
  BOOST_TEST(!only_answered());
  for (const VipsSeen& vips : table.take_all()) {
    BOOST_TEST(vips.answered);
  }
}

BOOST_AUTO_TEST_CASE(the_end_of_a_dump_is_a_change) {
  VipTable table(topology());
  for (const Step& step : {link(2, "eth0"), add(2, "10.0.0.8")}) {
    step(table);
  }
  table.take_changes();
  table.begin_dump();
  BOOST_TEST(text_of(table.take_changes(), true) == "");
  table.end_dump();
  BOOST_TEST(text_of(table.take_changes(), true) == "SHARED=0");
}

BOOST_AUTO_TEST_CASE(links_are_up_down_or_missing_and_every_needed_one_counts) {
  Topology made;
  made.instances = {instance("BASE", {vip("10.0.0.1", "eth0")}),
                    instance("VMAC", {vip("10.0.0.2", "vrrp.7")}),
                    instance("UNTRACKED", {vip("10.0.0.3", "eth0")}), instance("NO_INTERFACE", {})};
  made.instances[0].interface = made.instances[1].interface = "eth0";
  made.instances[2].interface = "eth0";
  made.instances[2].tracks_interface = false;
  VipTable table(made);
  const auto look = [&] {
    std::string text;
    for (const VipsSeen& each : table.take_all()) {
      text += made.instances[each.instance].name + " " +
              (each.link ? std::string(to_string(*each.link)) : "null") +
              (each.link_down ? " down; " : "; ");
    }
    return text;
  };
  const auto set_link = [&](std::uint32_t ifindex, const std::string& name, bool present,
                            bool running) {
    table.apply(LinkEvent{ifindex, name, present, running}, Origin::notification);
  };
  BOOST_TEST(look() ==
             "BASE missing down; VMAC missing down; UNTRACKED missing; NO_INTERFACE null; ");
  set_link(7, "eth0", true, true);
  BOOST_TEST(look() == "BASE up; VMAC up down; UNTRACKED up; NO_INTERFACE null; ");
  set_link(8, "vrrp.7", true, true);
  BOOST_TEST(look() == "BASE up; VMAC up; UNTRACKED up; NO_INTERFACE null; ");
  set_link(7, "eth0", true, false);
  BOOST_TEST(look() == "BASE down down; VMAC down down; UNTRACKED down; NO_INTERFACE null; ");
  BOOST_TEST(table.take_changes().empty());
  set_link(7, "eth0", true, true);
  BOOST_TEST(table.take_changes().size() == 3U);
  // Renamed away, and another one takes the name.
  set_link(7, "eth9", true, true);
  set_link(9, "eth0", true, true);
  BOOST_TEST(table.take_changes().empty());
  set_link(8, "vrrp.7", false, false);
  BOOST_TEST(look() == "BASE up; VMAC up down; UNTRACKED up; NO_INTERFACE null; ");
  // A dump that does not list a link any more removes it.
  table.begin_dump();
  table.end_dump();
  BOOST_TEST(look() ==
             "BASE missing down; VMAC missing down; UNTRACKED missing; NO_INTERFACE null; ");
}

BOOST_AUTO_TEST_SUITE_END()
