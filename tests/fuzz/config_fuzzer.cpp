// SPDX-License-Identifier: MIT
/// @file
/// The whole configuration reader on arbitrary files, and those who build upon what it returns. An
/// input is keepalived.conf; what follows a NUL byte is the file `other.conf` next to it.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "config/configuration.hpp"
#include "core/engine.hpp"
#include "core/ledger.hpp"
#include "sources/dbus_paths.hpp"
#include "tests/fuzz/finding.hpp"
#include "tests/support/fake_config_files.hpp"

namespace batch_notifier::fuzz {

namespace {

bool is_printable(const std::string& text) {
  return text.find_first_of(std::string("\n\r\0", 3)) == std::string::npos;
}

void check(const config::Configuration& read) {
  require(read.problems.size() <= config::Problems::limit + 1, "problems are bounded");
  for (const config::Problem& problem : read.problems) {
    require(is_printable(problem.message), "a problem is one printable line");
    require(!problem.message.empty(), "a problem says something");
    require(!problem.location.file.empty(), "a problem has a place");
  }
  const core::Duration none = core::Duration::zero();
  const core::BatchTiming& timing = read.settings.timing;
  require(timing.wait >= none && timing.max_wait >= none && timing.interval >= none &&
              timing.repeat_interval >= none && read.settings.health_wait >= none &&
              read.settings.stop_timeout >= none,
          "no time is negative");
  for (const core::NotifierSettings& notifier : read.settings.notifiers) {
    require(!notifier.name.empty() && !notifier.target.empty(), "a notifier has a target");
    require(notifier.timeout > none && notifier.retry_max > none, "a retry has to wait");
  }
  for (const core::Instance& instance : read.topology.instances) {
    require(!instance.name.empty(), "an instance has a name");
    require(instance.advert_interval > none, "adverts have an interval");
  }
}

/// Whether a sequence, or one in another, may go on for more than a thousand lines. LineReader ends
/// it at a million, which takes a sanitized build seconds and shows nothing that a short one does
/// not.
bool is_tedious(const std::string& input) {
  std::size_t sequences = 0;
  for (std::size_t at = input.find("~SEQ"); at != std::string::npos;
       at = input.find("~SEQ", at + 1)) {
    ++sequences;
  }
  std::size_t digits = 0;
  std::size_t most_digits = 0;
  for (const char character : input) {
    digits = std::isdigit(static_cast<unsigned char>(character)) != 0 ? digits + 1 : 0;
    most_digits = std::max(most_digits, digits);
  }
  return sequences * most_digits > 3;
}

/// What is configured must be fit to run.
void use(const config::Configuration& read) {
  const core::Now now{core::MonotonicTime(std::chrono::hours(1)), core::UtcTime()};
  core::Engine engine(read.topology, read.settings, {"epoch", "node1", "", "", false}, 1, {}, now);
  for (core::InstanceIndex index = 0; index < read.topology.instances.size(); ++index) {
    engine.step(core::Observation(core::StateSeen{core::Witness::dbus, index,
                                                  core::VrrpState::master, true, std::nullopt}),
                now);
  }
  const sources::DbusPaths paths(read.topology);
  for (core::InstanceIndex index = 0; index < read.topology.instances.size(); ++index) {
    require(paths.find(paths.path(index)) != nullptr, "every instance is found by its path");
  }
}

}  // namespace

}  // namespace batch_notifier::fuzz

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace batch_notifier;
  const std::string input(data, data + size);
  if (fuzz::is_tedious(input)) {
    return 0;
  }
  const std::size_t end = input.find('\0');
  tests::FakeFiles files;
  files.texts[tests::main_file] = input.substr(0, end);
  if (end != std::string::npos) {
    files.texts["/etc/keepalived/other.conf"] = input.substr(end + 1);
  }
  files.variables["HOOK"] = "/usr/local/bin/hook";
  const config::Configuration read = config::read_configuration(tests::main_file, "node1", files);
  fuzz::check(read);
  fuzz::use(read);
  return 0;
}
