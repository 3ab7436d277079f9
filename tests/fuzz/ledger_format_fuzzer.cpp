// SPDX-License-Identifier: MIT
/// @file
/// Ledger files, from the text to a run that goes on from it. An input is a whole file. A checksum
/// stands before everything else, so random changes alone would test nothing but the checksum: half
/// of them are made behind it (ledger_mutator.hpp).
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/engine.hpp"
#include "core/ledger.hpp"
#include "ledger/ledger_format.hpp"
#include "notifiers/batch_json.hpp"
#include "tests/fuzz/finding.hpp"
#include "tests/fuzz/ledger_mutator.hpp"

namespace batch_notifier::fuzz {

namespace {

using core::VrrpState;
using std::chrono::hours;
using std::chrono::seconds;

constexpr int steps_max = 200;

/// Every other instance is still configured, and there is a new one.
core::Topology configured_after(const core::Ledger& ledger) {
  core::Topology topology;
  for (std::size_t index = 0; index < ledger.instances.size(); index += 2) {
    core::Instance& instance = topology.instances.emplace_back();
    instance.name = ledger.instances[index].name;
    instance.interface = "eth0";
    instance.vrid = ledger.instances[index].vrid;
    instance.advert_interval = seconds(1);
    instance.vips.emplace_back();
  }
  topology.instances.emplace_back().name = "a new\xff one";
  topology.instances.back().advert_interval = seconds(1);
  return topology;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  for (std::size_t end = 0; end != std::string::npos; begin = end + 1) {
    end = text.find('\n', begin);
    words.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
  }
  return words;
}

/// Every consumer of the ledger that may be one of a configuration, and a new one.
core::Settings settings_after(const core::Ledger& ledger) {
  constexpr std::array kinds{"notify_batch", "append_file"};
  core::Settings settings;
  settings.timing.repeat_interval = hours(24);
  const auto add = [&settings](const std::string& kind, std::vector<std::string> target) {
    core::NotifierSettings& notifier = settings.notifiers.emplace_back();
    notifier.kind = kind;
    notifier.name = "notifier:" + std::to_string(settings.notifiers.size());
    notifier.target = std::move(target);
  };
  for (const core::NotifierRecord& record : ledger.notifiers) {
    std::vector<std::string> words = split(record.consumer);
    for (const char* kind : kinds) {
      if (words.front() == kind) {
        add(kind, {words.begin() + 1, words.end()});
      }
    }
  }
  add("notify_batch", {"/bin/a new one"});
  return settings;
}

void require_kept(const core::Ledger& ledger) {
  const std::string text = ledger::write_ledger(ledger);
  require(ledger::read_ledger(text) == ledger, "what is written is read again");
}

void check(const core::Ledger& ledger) {
  std::set<std::pair<std::string_view, std::string_view>> identities;
  for (const core::InstanceRecord& instance : ledger.instances) {
    require(identities.emplace(instance.keepalived, instance.name).second,
            "every instance is listed once");
    require(instance.since >= ledger::first_time && instance.since <= ledger::last_time,
            "every time can be shown");
    require(!to_string(instance.health).empty() && !to_string(instance.cause).empty(),
            "every number has a name");
  }
  for (const core::NotifierRecord& notifier : ledger.notifiers) {
    require(notifier.told.size() == ledger.instances.size(), "a notifier knows all instances");
  }
}

bool has_one_keepalived(const core::Ledger& ledger) {
  return std::all_of(
      ledger.instances.begin(), ledger.instances.end(),
      [](const core::InstanceRecord& instance) { return instance.keepalived.empty(); });
}

/// The run after the one that left the ledger, until it has told everybody everything.
class NextRun {
 public:
  explicit NextRun(const core::Ledger& former)
      : configured_(configured_after(former)),
        settings_(settings_after(former)),
        engine_(settings_, {"epoch", "node", "1 1", "1:1", true}, 1, former, now_) {
    take(core::ConfigurationChanged{own(), configured_});
    require_restored(former);
  }

  void run() {
    require_kept(engine_.ledger());
    hear();
    for (int step = 0; const auto deadline = engine_.deadline(); ++step) {
      if (*deadline > core::MonotonicTime(hours(2))) {
        break;
      }
      require(step < steps_max, "the engine comes to rest");
      now_.monotonic = std::max(now_.monotonic, *deadline);
      take(core::TimeReached{});
    }
    const core::Ledger ledger = engine_.ledger();
    require_kept(ledger);
    require_told(ledger);
  }

 private:
  core::KeepalivedId own() { return engine_.keepalived(""); }

  [[nodiscard]] const core::InstanceStatus& status_of(core::InstanceIndex index) const {
    return engine_.instances()[engine_.members(core::KeepalivedId{})[index]].status;
  }

  void observe(const core::Observation& observation) { take(core::Observed{own(), observation}); }

  void require_restored(const core::Ledger& former) const {
    for (core::InstanceIndex index = 0; index + 1 < configured_.instances.size(); ++index) {
      const core::InstanceStatus& status = status_of(index);
      const core::InstanceRecord& record = former.instances[2 * index];
      const bool same = status.state == record.state && status.since == record.since &&
                        status.cause == record.cause && status.health == record.health;
      require(same || (record.state == VrrpState::deleted && is_renamed(former, index)),
              "a run begins where the former one ended");
    }
  }

  /// Whether an instance of another name may have become this one: the odd ones of the ledger are
  /// no longer configured.
  [[nodiscard]] bool is_renamed(const core::Ledger& former, core::InstanceIndex index) const {
    const core::InstanceStatus& status = status_of(index);
    const core::Instance& now = configured_.instances[index];
    for (std::size_t other = 1; other < former.instances.size(); other += 2) {
      const core::InstanceRecord& record = former.instances[other];
      if (record.vrid == now.vrid && record.interface == now.interface &&
          record.state == status.state && record.since == status.since) {
        return true;
      }
    }
    return false;
  }

  void hear() {
    take(core::TimeReached{});
    observe(core::DbusOwnerFound{});
    observe(core::KernelReadComplete{});
    for (core::InstanceIndex index = 0; index < configured_.instances.size(); ++index) {
      const VrrpState state = index % 2 == 0 ? VrrpState::master : VrrpState::backup;
      observe(core::StateSeen{core::Witness::dbus, index, state, true, std::nullopt});
    }
    observe(core::DbusReadComplete{});
  }

  void take(const core::Event& event) {
    for (const core::Action& action : engine_.step(event, now_)) {
      if (const auto* delivery = std::get_if<core::Deliver>(&action)) {
        if (delivery->batch.sequence == 1) {
          require(!notifiers::to_json(delivery->batch).empty(), "a batch can be written");
        }
        take(core::DeliveryFinished{delivery->notifier, {}});
      }
    }
  }

  void require_told(const core::Ledger& ledger) const {
    for (const core::NotifierRecord& notifier : ledger.notifiers) {
      require(notifier.snapshot_told, "every consumer gets its snapshot");
      for (std::size_t index = 0; index < notifier.told.size(); ++index) {
        const core::ToldRecord& told = notifier.told[index];
        const bool removed = ledger.instances[index].state == VrrpState::deleted;
        const bool heard_nothing_else = !told.health || told.state == VrrpState::deleted;
        if (removed && heard_nothing_else && !told.uncertain) {
          continue;  // Nothing is due, also if the instance came and went again in between.
        }
        require(told.state == ledger.instances[index].state && !told.uncertain,
                "everybody knows in the end what is");
        require(told.trail.transitions() == 0, "nothing is left to be told");
      }
    }
  }

  core::Now now_{core::MonotonicTime(hours(1)), core::UtcTime(hours(24 * 365 * 50))};
  core::Topology configured_;
  core::Settings settings_;
  core::Engine engine_;
};

}  // namespace

}  // namespace batch_notifier::fuzz

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace batch_notifier;
  std::optional<core::Ledger> ledger;
  try {
    ledger = ledger::read_ledger(std::string(data, data + size));
  } catch (const std::runtime_error& error) {
    fuzz::require(*error.what() != '\0', "a refusal gives its reason");
    return 0;
  }
  fuzz::check(*ledger);
  fuzz::require_kept(*ledger);
  // The run after it has one configuration.
  if (fuzz::has_one_keepalived(*ledger)) {
    fuzz::NextRun(*ledger).run();
  }
  return 0;
}

// Here and not with what it calls: a library's part that only libFuzzer knows would not be linked.
// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  using namespace batch_notifier::fuzz;
  const std::string text = changed_ledger({data, data + size}, max_size, seed);
  if (text.size() > max_size) {
    return size;
  }
  std::copy(text.begin(), text.end(), data);
  return text.size();
}
