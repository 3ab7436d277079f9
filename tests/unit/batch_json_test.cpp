// SPDX-License-Identifier: MIT
#include "notifiers/batch_json.hpp"

#define BOOST_TEST_DYN_LINK
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace batch_notifier::notifiers {

namespace {

using core::VrrpState;

core::UtcTime at(std::int64_t microseconds) {
  return core::UtcTime(core::Duration(microseconds));
}

core::Change change_to(VrrpState state) {
  core::Change change;
  change.instance = "VI_1";
  change.state = state;
  return change;
}

core::Batch batch_of(std::vector<core::Change> changes) {
  core::Batch batch;
  batch.changes = std::move(changes);
  return batch;
}

/// The value of the first field of that name, as far as the next field's.
std::string field(const std::string& json, const std::string& name, const std::string& next) {
  const std::size_t begin = json.find("\"" + name + "\":");
  const std::size_t end = json.find(",\"" + next + "\":");
  BOOST_REQUIRE(begin != std::string::npos);
  BOOST_REQUIRE(end != std::string::npos);
  return json.substr(begin + name.size() + 3, end - begin - name.size() - 3);
}

BOOST_AUTO_TEST_SUITE(batch_json)

BOOST_AUTO_TEST_CASE(every_field_stands_where_the_format_says) {
  core::Change change = change_to(VrrpState::master);
  change.interface = "eth0";
  change.vrid = 51;
  change.previous = VrrpState::backup;
  change.since = at(1'795'403'356'000'007);
  change.transitions = 1;
  change.path = {VrrpState::backup, VrrpState::master};
  change.priority = std::uint8_t{100};
  change.link = core::LinkState::up;
  change.vips_expected = 2;
  change.vips_present = 2;
  change.health = core::Health::ok;
  core::Batch batch = batch_of({change});
  batch.id = "E-notify_batch:1-42";
  batch.epoch = "E";
  batch.notifier = "notify_batch:1";
  batch.sequence = 42;
  batch.host = "node1";
  batch.time = at(1'795'403'356'123'456);
  batch.opened = at(1'795'403'356'000'000);
  BOOST_TEST(
      to_json(batch) ==
      R"({"version":1,"id":"E-notify_batch:1-42","epoch":"E","notifier":"notify_batch:1",)"
      R"("sequence":42,"host":"node1","time":"2026-11-23T03:09:16.123456Z",)"
      R"("opened":"2026-11-23T03:09:16.000000Z","snapshot":false,"attempt":1,)"
      R"("summary":{"MASTER":1},)"
      R"("changes":[{"namespace":"","instance":"VI_1","interface":"eth0","vrid":51,)"
      R"("family":"IPv4","sync_group":null,"previous":"BACKUP","state":"MASTER",)"
      R"("since":"2026-11-23T03:09:16.000007Z","transitions":1,"path":["BACKUP","MASTER"],)"
      R"("cause":"signal","authority":"dbus","priority":100,"link":"up","vips":{"expected":2,"present":2},)"
      R"("health":"ok","labels":{}}]})");
}

BOOST_AUTO_TEST_CASE(optional_fields_are_null_or_have_a_value) {
  core::Change change = change_to(VrrpState::fault);
  change.net_namespace = "qrouter-1";
  change.family = core::AddressFamily::ipv6;
  change.authority = core::Witness::netlink;
  change.cause = core::Cause::shutdown;
  change.health = core::Health::vip_missing;
  BOOST_TEST(field(to_json(batch_of({change})), "priority", "link") == "null");
  BOOST_TEST(field(to_json(batch_of({change})), "link", "vips") == "null");
  change.sync_group = "G1";
  change.labels = {{"site", "fra"}, {"rack", "a1"}};
  core::Batch batch = batch_of({change});
  batch.snapshot = true;
  batch.attempt = 3;
  const std::string json = to_json(batch);
  BOOST_TEST(field(json, "namespace", "instance") == "\"qrouter-1\"");
  BOOST_TEST(field(json, "family", "sync_group") == "\"IPv6\"");
  BOOST_TEST(field(json, "sync_group", "previous") == "\"G1\"");
  BOOST_TEST(field(json, "path", "cause") == "[]");
  BOOST_TEST(field(json, "cause", "authority") == "\"shutdown\"");
  BOOST_TEST(field(json, "authority", "priority") == "\"netlink\"");
  BOOST_TEST(field(json, "health", "labels") == "\"vip_missing\"");
  BOOST_TEST(field(json, "snapshot", "attempt") == "true");
  BOOST_TEST(field(json, "attempt", "summary") == "3");
  BOOST_TEST(json.find(R"("labels":{"rack":"a1","site":"fra"}}]})") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(summary_counts_the_states_that_occur) {
  struct Case {
    std::vector<VrrpState> states;
    std::string summary;
  };
  const std::vector<Case> cases = {
      {{}, "{}"},
      {{VrrpState::fault, VrrpState::backup, VrrpState::fault}, R"({"BACKUP":1,"FAULT":2})"},
      {{VrrpState::unknown, VrrpState::deleted, VrrpState::stop, VrrpState::init},
       R"({"INIT":1,"STOP":1,"DELETED":1,"UNKNOWN":1})"},
  };
  for (const Case& expected : cases) {
    std::vector<core::Change> changes;
    for (const VrrpState state : expected.states) {
      changes.push_back(change_to(state));
    }
    BOOST_TEST(field(to_json(batch_of(changes)), "summary", "changes") == expected.summary);
  }
}

BOOST_AUTO_TEST_CASE(times_are_utc_with_six_decimals) {
  struct Case {
    std::int64_t microseconds;
    std::string text;
  };
  const std::vector<Case> cases = {
      {0, "\"1970-01-01T00:00:00.000000Z\""},
      {-1, "\"1969-12-31T23:59:59.999999Z\""},
      {1'709'208'000'500'000, "\"2024-02-29T12:00:00.500000Z\""},
      {4'102'444'799'999'999, "\"2099-12-31T23:59:59.999999Z\""},
  };
  for (const Case& expected : cases) {
    core::Batch batch;
    batch.time = at(expected.microseconds);
    BOOST_TEST(field(to_json(batch), "time", "opened") == expected.text);
  }
}

BOOST_AUTO_TEST_CASE(any_name_makes_valid_json_on_one_line) {
  struct Case {
    std::string name;
    std::string json;
  };
  const std::vector<Case> cases = {
      {"a \"b\"\\c", R"("a \"b\"\\c")"},
      {"line\nbreak\t\x01", R"("line\nbreak\t\u0001")"},
      {"stra\xC3\x9F"
       "e",
       "\"stra\xC3\x9F"
       "e\""},
      {"bad\xFF"
       "byte",
       "\"bad\xEF\xBF\xBD"
       "byte\""},
      {"cut\xC3", "\"cut\xEF\xBF\xBD\""},
  };
  for (const Case& expected : cases) {
    core::Change change = change_to(VrrpState::backup);
    change.instance = expected.name;
    BOOST_TEST(field(to_json(batch_of({change})), "instance", "interface") == expected.json);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

}  // namespace batch_notifier::notifiers
