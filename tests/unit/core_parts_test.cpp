// SPDX-License-Identifier: MIT
/// @file
/// The small parts of the core.
#define BOOST_TEST_DYN_LINK
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/deadlines.hpp"
#include "core/health_monitor.hpp"
#include "core/promotion_hold.hpp"
#include "core/statistics.hpp"
#include "core/trail.hpp"
#include "core/vrrp_state.hpp"

using namespace batch_notifier::core;

namespace {

constexpr MonotonicTime start{std::chrono::hours(1)};

MonotonicTime after(double seconds) {
  return start + Duration(static_cast<std::int64_t>(seconds * 1e6));
}

Now now_after(double seconds) {
  return {after(seconds), UtcTime(Duration(static_cast<std::int64_t>(seconds * 1e6)))};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core_parts)

BOOST_AUTO_TEST_CASE(states_are_keepaliveds_own_words) {
  for (const char* word : {"INIT", "BACKUP", "MASTER", "FAULT", "STOP", "DELETED", "UNKNOWN"}) {
    const auto state = parse_vrrp_state(word);
    BOOST_REQUIRE(state.has_value());
    BOOST_TEST(to_string(*state) == word);
  }
  for (const char* word : {"", "master", "MASTER ", "MASTER_RX_LOWER_PRI"}) {
    BOOST_TEST(!parse_vrrp_state(word).has_value());
  }
}

BOOST_AUTO_TEST_CASE(every_counter_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (std::size_t index = 0; index < counter_count; ++index) {
    names.insert(to_string(static_cast<Counter>(index)));
  }
  BOOST_TEST(names.size() == counter_count);
  BOOST_TEST(names.count("") == 0U);
}

BOOST_AUTO_TEST_CASE(a_trail_keeps_the_first_and_the_newest) {
  Trail trail(VrrpState::backup);
  BOOST_TEST((trail.path() == std::vector{VrrpState::backup}));
  for (int step = 0; step < 100; ++step) {
    trail.add(step % 2 == 0 ? VrrpState::master : VrrpState::fault);
  }
  trail.add(VrrpState::stop);
  BOOST_TEST(trail.transitions() == 101U);
  const std::vector<VrrpState> path = trail.path();
  BOOST_REQUIRE_EQUAL(path.size(), Trail::capacity);
  BOOST_TEST((path.front() == VrrpState::backup));
  BOOST_TEST((path[1] == VrrpState::master));
  BOOST_TEST((path[14] == VrrpState::fault));
  BOOST_TEST((path.back() == VrrpState::stop));
}

BOOST_AUTO_TEST_CASE(deadlines_come_in_order_and_only_once) {
  Deadlines deadlines(4);
  BOOST_TEST(!deadlines.next().has_value());
  deadlines.set(2, after(3));
  deadlines.set(1, after(1));
  deadlines.set(3, after(2));
  deadlines.set(3, after(0.5));
  deadlines.clear(0);
  BOOST_TEST((deadlines.next() == after(0.5)));
  BOOST_TEST(!deadlines.take_due(after(0.4)).has_value());
  BOOST_TEST((deadlines.take_due(after(2)) == InstanceIndex{3}));
  BOOST_TEST((deadlines.take_due(after(2)) == InstanceIndex{1}));
  BOOST_TEST(!deadlines.take_due(after(2)).has_value());
  BOOST_TEST(deadlines.is_set(2));
  deadlines.clear(2);
  BOOST_TEST(!deadlines.next().has_value());
}

BOOST_AUTO_TEST_CASE(health_is_the_state_against_the_addresses) {
  struct Case {
    VrrpState state;
    bool known;
    std::uint32_t expected, present;
    Health health;
  };
  for (const Case& row : {
           Case{VrrpState::master, true, 2, 2, Health::ok},
           Case{VrrpState::master, true, 2, 1, Health::vip_missing},
           Case{VrrpState::master, true, 0, 0, Health::ok},
           Case{VrrpState::master, false, 2, 2, Health::unknown},
           Case{VrrpState::backup, true, 2, 0, Health::ok},
           Case{VrrpState::backup, true, 2, 1, Health::vip_unexpected},
           Case{VrrpState::fault, true, 2, 2, Health::vip_unexpected},
           Case{VrrpState::stop, true, 2, 0, Health::ok},
           Case{VrrpState::unknown, true, 2, 2, Health::vip_unexpected},
       }) {
    BOOST_TEST((assess({row.state, row.known, row.expected, row.present}) == row.health));
  }
}

BOOST_AUTO_TEST_CASE(a_disagreement_settles_only_when_it_lasts) {
  HealthMonitor monitor(1, std::chrono::seconds(1));
  const HealthEvidence good{VrrpState::master, true, 2, 2};
  const HealthEvidence bad{VrrpState::master, true, 2, 1};
  BOOST_TEST(monitor.step(0, good, after(0)));
  BOOST_TEST(!monitor.step(0, bad, after(1)));
  // More of the same does not put it off.
  BOOST_TEST(!monitor.step(0, bad, after(1.9)));
  BOOST_TEST((monitor.deadline() == after(2)));
  BOOST_TEST(monitor.step(after(1.99)).empty());
  BOOST_TEST(monitor.step(after(2)).size() == 1U);
  BOOST_TEST((monitor.health(0) == Health::vip_missing));
  BOOST_TEST(monitor.step(0, good, after(3)));
  BOOST_TEST(!monitor.deadline().has_value());
  // Nothing more is on its way from a keepalived that is gone.
  BOOST_TEST(monitor.step(0, {VrrpState::unknown, true, 2, 2}, after(4)));
  BOOST_TEST((monitor.health(0) == Health::vip_unexpected));
}

BOOST_AUTO_TEST_CASE(only_promotions_are_held_and_each_by_its_own_time) {
  Topology topology;
  topology.instances.resize(3);
  topology.instances[0].advert_interval = std::chrono::seconds(3);
  topology.instances[1].master_hold = MasterHold{std::chrono::seconds(5)};
  topology.instances[2].master_hold = MasterHold{Duration::zero()};
  Statistics statistics;
  PromotionHold hold(topology, MasterHold{}, statistics);
  const auto verdict = [](InstanceIndex instance, VrrpState state, Cause cause = Cause::signal) {
    return Verdict{instance, state, Witness::dbus, cause};
  };
  for (InstanceIndex instance = 0; instance < 3; ++instance) {
    BOOST_TEST(
        hold.step(verdict(instance, VrrpState::backup, Cause::startup), now_after(0)).has_value());
  }
  BOOST_TEST(!hold.step(verdict(0, VrrpState::master), now_after(1)).has_value());
  BOOST_TEST(!hold.step(verdict(1, VrrpState::master), now_after(1)).has_value());
  BOOST_TEST(hold.step(verdict(2, VrrpState::master), now_after(1)).has_value());
  // The same again, from another witness: the hold goes on from where it began.
  BOOST_TEST(!hold.step(verdict(0, VrrpState::master), now_after(2)).has_value());
  BOOST_TEST((hold.deadline() == after(4)));
  const std::vector<Transition> lasted = hold.step(after(4));
  BOOST_REQUIRE_EQUAL(lasted.size(), 1U);
  BOOST_TEST((lasted[0].since == now_after(1).utc));
  // Once it counts, hearing of it again is nothing new.
  BOOST_TEST(!hold.step(verdict(0, VrrpState::master), now_after(5)).has_value());
  BOOST_TEST(!hold.holds(0));
  BOOST_TEST(hold.holds(1));
  BOOST_TEST(hold.step(verdict(1, VrrpState::fault), now_after(5)).has_value());
  BOOST_TEST(!hold.deadline().has_value());
  BOOST_TEST(statistics.value(Counter::dropped_promotions) == 1U);
}

BOOST_AUTO_TEST_CASE(a_master_found_at_the_start_is_not_held) {
  Topology topology;
  topology.instances.resize(1);
  Statistics statistics;
  PromotionHold hold(topology, MasterHold{}, statistics);
  BOOST_TEST(
      hold.step({0, VrrpState::master, Witness::dbus, Cause::startup}, now_after(0)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
