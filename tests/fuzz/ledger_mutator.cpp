// SPDX-License-Identifier: MIT
#include "tests/fuzz/ledger_mutator.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

// libFuzzer's own way to change bytes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace batch_notifier::fuzz {

namespace {

using nlohmann::json;
using Random = std::minstd_rand;

// The format's description, and not the reader's own words.
std::string with_header(const std::string& body) {
  const auto checksum =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return "batch_notifier ledger 2 " + std::to_string(body.size()) + " " + std::to_string(checksum) +
         "\n" + body;
}

std::string mutated(std::string bytes, std::size_t longest) {
  const std::size_t size = std::min(bytes.size(), longest);
  bytes.resize(longest);
  bytes.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, longest));
  return bytes;
}

void collect(json& value, std::vector<json*>& all) {
  all.push_back(&value);
  if (value.is_structured()) {
    for (json& inner : value) {
      collect(inner, all);
    }
  }
}

json any_value(Random& random) {
  static const std::array<json, 18> values{
      nullptr, true, 0,         1,         2,          7,     255,   256,           -1,
      41,      0.5,  INT64_MAX, INT64_MIN, UINT64_MAX, 1e300, "INI", json::array(), json::object()};
  return values.at(random() % values.size());
}

json any_state(Random& random) {
  static const std::array<json, 7> states{"INIT", "BACKUP",  "MASTER", "FAULT",
                                          "STOP", "DELETED", "UNKNOWN"};
  return states.at(random() % states.size());
}

/// Changes one value: puts another one, or one from elsewhere, in its place, or makes it more or
/// less.
void mutate_value(json& root, Random& random) {
  std::vector<json*> all;
  collect(root, all);
  json& value = *all.at(random() % all.size());
  const json other = *all.at(random() % all.size());
  const std::size_t way = random() % 8;
  if (way == 0) {
    value = any_value(random);
  } else if (way == 1) {
    value = other;
  } else if (value.is_array() && !value.empty() && way < 5) {
    value.erase(random() % value.size());
  } else if (value.is_array()) {
    value.push_back(value.empty() ? other : json(value.at(random() % value.size())));
  } else if (value.is_string() && way < 6) {
    value = any_state(random);
  } else if (value.is_string()) {
    value = mutated(value.get<std::string>(), value.get<std::string>().size() + 8);
  } else if (value.is_boolean()) {
    value = !value.get<bool>();
  } else if (value.is_number_integer()) {
    const auto number = value.get<std::uint64_t>();
    value = number < 2 ? number + random() % 3 : number + random() % 5 - 2;
  } else {
    value = random() % 4;
  }
}

/// Makes a record of what was told agree with the state that the instance is in.
void mend_told(json& told, const json& state) {
  if (!told.is_array()) {
    // Up to date: it agrees with any state.
    return;
  }
  json& path = told.at(4);
  path.at(0) = told.at(0);
  if (path.back() != state) {
    path.push_back(state);
  }
  while (path.size() > 16) {
    path.erase(1);
  }
  const json& count = told.at(3);
  if (count.is_number_unsigned() && count.get<std::uint64_t>() < path.size() - 1) {
    told.at(3) = path.size() - 1;
  }
}

/// Leaves keepalived's last word only if it is one.
void mend_last_word(json& word) {
  static const std::set<json> words{"INIT", "BACKUP", "MASTER", "FAULT", "STOP", "DELETED"};
  if (words.count(word) == 0) {
    word = nullptr;
  }
}

/// Makes one part agree with the other. False if it has not the shape of a ledger.
bool mend(json& root) {
  try {
    root["keepalived"] = "1 1";
    root["fifo"] = "1:1";
    root["handed_over"] = true;
    json& instances = root.at("instances");
    for (std::size_t index = 0; index < instances.size(); ++index) {
      // The engine tells instances apart by their names alone so far.
      instances.at(index).at(0).get_ref<const std::string&>();
      json& name = instances.at(index).at(1);
      name = name.get<std::string>().substr(0, 1) + std::to_string(index);
      mend_last_word(instances.at(index).at(9));
    }
    for (json& notifier : root.at("notifiers")) {
      json& told = notifier.at(2);
      while (told.size() < instances.size()) {
        told.push_back(told.empty() ? json({"INIT", nullptr, false, 0, {"INIT"}}) : told.front());
      }
      for (std::size_t index = 0; index < instances.size(); ++index) {
        mend_told(told.at(index), instances.at(index).at(5));
      }
      while (told.size() > instances.size()) {
        told.erase(told.size() - 1);
      }
    }
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

/// Bodies that once had the shape of a ledger, to go back to from what has it no more.
std::string good_body(Random& random, const std::string& newer) {
  static std::array<std::string, 64> bodies;
  if (!newer.empty()) {
    bodies.at(random() % bodies.size()) = newer;
  }
  const std::string& body = bodies.at(random() % bodies.size());
  return body.empty()
             ? R"({"keepalived":"","fifo":"","handed_over":false,"instances":[],"notifiers":[]})"
             : body;
}

std::string to_text(const json& body) {
  return body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string changed_body(const std::string& body, std::size_t longest, Random& random) {
  if (random() % 4 == 0) {
    return mutated(body, longest);
  }
  json value = json::parse(body, nullptr, false);
  if (json copy = value; value.is_discarded() || !mend(copy)) {
    value = json::parse(good_body(random, ""));
  } else {
    good_body(random, body);
  }
  do {
    mutate_value(value, random);
  } while (random() % 4 == 0);
  if (random() % 4 != 0) {
    mend(value);
  }
  return to_text(value);
}

}  // namespace

std::string changed_ledger(const std::string& text, std::size_t longest, unsigned seed) {
  Random random(seed);
  constexpr std::size_t header_max = 48;
  if (random() % 2 == 0 || longest <= header_max) {
    return mutated(text, longest);
  }
  const std::size_t end = text.find('\n');
  const std::string body = end == std::string::npos ? text : text.substr(end + 1);
  return with_header(changed_body(body, longest - header_max, random));
}

}  // namespace batch_notifier::fuzz
