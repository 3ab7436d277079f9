// SPDX-License-Identifier: MIT
/// @file
/// The small parts of the core.
#define BOOST_TEST_DYN_LINK
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/deadlines.hpp"
#include "core/health_monitor.hpp"
#include "core/promotion_hold.hpp"
#include "core/statistics.hpp"
#include "core/trail.hpp"
#include "core/vrrp_state.hpp"
#include "tests/support/printing.hpp"  // IWYU pragma: keep

using namespace batch_notifier::core;

namespace {

constexpr MonotonicTime start{std::chrono::hours(1)};

MonotonicTime after(double seconds) {
  return start + Duration(static_cast<std::int64_t>(seconds * 1e6));
}

Now now_after(double seconds) {
  return {after(seconds), UtcTime(Duration(static_cast<std::int64_t>(seconds * 1e6)))};
}

/// A registry with so many instances.
struct Rows {
  explicit Rows(std::size_t count) {
    for (std::size_t number = 0; number < count; ++number) {
      Instance instance;
      instance.name = "VI_" + std::to_string(number);
      ids.push_back(registry.add(KeepalivedId{}, instance));
    }
  }
  Registry registry;
  std::vector<InstanceId> ids;
};

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
  BOOST_TEST(path.front() == VrrpState::backup);
  BOOST_TEST(path[1] == VrrpState::master);
  BOOST_TEST(path[14] == VrrpState::fault);
  BOOST_TEST(path.back() == VrrpState::stop);
}

BOOST_AUTO_TEST_CASE(deadlines_come_in_order_and_only_once) {
  Deadlines<InstanceId> deadlines;
  BOOST_TEST(!deadlines.next().has_value());
  deadlines.set(InstanceId{2}, after(3));
  deadlines.set(InstanceId{1}, after(1));
  deadlines.set(InstanceId{3}, after(2));
  deadlines.set(InstanceId{3}, after(0.5));
  deadlines.clear(InstanceId{0});
  BOOST_TEST((deadlines.next() == after(0.5)));
  BOOST_TEST(!deadlines.take_due(after(0.4)).has_value());
  BOOST_TEST((deadlines.take_due(after(2)) == InstanceId{3}));
  BOOST_TEST((deadlines.take_due(after(2)) == InstanceId{1}));
  BOOST_TEST(!deadlines.take_due(after(2)).has_value());
  BOOST_TEST(deadlines.is_set(InstanceId{2}));
  deadlines.clear(InstanceId{2});
  BOOST_TEST(!deadlines.next().has_value());
}

BOOST_AUTO_TEST_CASE(health_is_the_state_against_the_addresses) {
  struct Case {
    VrrpState state;
    bool known;
    std::uint32_t expected, present;
    Health health;
    bool link_down = false;
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
           Case{VrrpState::master, true, 2, 2, Health::link_down, true},
           Case{VrrpState::master, true, 2, 1, Health::link_down, true},
           Case{VrrpState::master, false, 2, 2, Health::unknown, true},
           Case{VrrpState::fault, true, 2, 0, Health::ok, true},
       }) {
    BOOST_TEST(
        (assess({row.state, row.known, row.expected, row.present, row.link_down}) == row.health));
  }
}

BOOST_AUTO_TEST_CASE(a_disagreement_counts_only_when_it_lasts) {
  Rows rows(1);
  const InstanceId instance = rows.ids[0];
  InstanceRow& row = rows.registry[instance];
  row.configured.vips.resize(2);
  row.found.state = VrrpState::master;
  HealthMonitor monitor(rows.registry, std::chrono::seconds(1));
  const auto step = [&](std::uint32_t present, double seconds) {
    row.status.vips_present = present;
    return monitor.step(instance, /*addresses_known=*/true, after(seconds));
  };
  BOOST_TEST(step(2, 0));
  BOOST_TEST(!step(1, 1));
  // More of the same does not put it off.
  BOOST_TEST(!step(1, 1.9));
  BOOST_TEST((monitor.deadline() == after(2)));
  BOOST_TEST(monitor.step(after(1.99)).empty());
  BOOST_TEST(monitor.step(after(2)).size() == 1U);
  BOOST_TEST(row.status.health == Health::vip_missing);
  BOOST_TEST(step(2, 3));
  BOOST_TEST(!monitor.deadline().has_value());
  // Nothing more is on its way from a keepalived that is gone.
  row.found.state = VrrpState::unknown;
  BOOST_TEST(step(2, 4));
  BOOST_TEST(row.status.health == Health::vip_unexpected);
}

BOOST_AUTO_TEST_CASE(only_promotions_are_held_and_each_by_its_own_time) {
  Rows rows(3);
  const auto& ids = rows.ids;
  rows.registry[ids[0]].configured.advert_interval = std::chrono::seconds(3);
  rows.registry[ids[1]].configured.master_hold = MasterHold{std::chrono::seconds(5)};
  rows.registry[ids[2]].configured.master_hold = MasterHold{Duration::zero()};
  Statistics statistics;
  PromotionHold hold(rows.registry, MasterHold{}, statistics);
  // What counts is written by the engine.
  const auto step = [&](std::size_t instance, VrrpState state, double seconds,
                        Cause cause = Cause::signal) {
    const auto transition = hold.step({ids[instance], state, cause}, now_after(seconds));
    if (transition) {
      rows.registry[ids[instance]].status.state = transition->state;
    }
    return transition.has_value();
  };
  for (std::size_t instance = 0; instance < 3; ++instance) {
    BOOST_TEST(step(instance, VrrpState::backup, 0, Cause::startup));
  }
  BOOST_TEST(!step(0, VrrpState::master, 1));
  BOOST_TEST(!step(1, VrrpState::master, 1));
  BOOST_TEST(step(2, VrrpState::master, 1));
  // The same again, from another source: the hold goes on from where it began.
  BOOST_TEST(!step(0, VrrpState::master, 2));
  BOOST_TEST((hold.deadline() == after(4)));
  const std::vector<Transition> lasted = hold.step(after(4));
  BOOST_REQUIRE_EQUAL(lasted.size(), 1U);
  BOOST_TEST((lasted[0].since == now_after(1).utc));
  rows.registry[ids[0]].status.state = VrrpState::master;
  // Once it counts, the same report is nothing new.
  BOOST_TEST(!step(0, VrrpState::master, 5));
  BOOST_TEST(!hold.holds(ids[0]));
  BOOST_TEST(hold.holds(ids[1]));
  BOOST_TEST(step(1, VrrpState::fault, 5));
  BOOST_TEST(!hold.deadline().has_value());
  BOOST_TEST(statistics.value(Counter::dropped_promotions) == 1U);
}

BOOST_AUTO_TEST_CASE(a_master_found_at_the_start_is_not_held) {
  Rows rows(1);
  Statistics statistics;
  PromotionHold hold(rows.registry, MasterHold{}, statistics);
  BOOST_TEST(hold.step({rows.ids[0], VrrpState::master, Cause::startup}, now_after(0)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
