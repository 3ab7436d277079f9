// SPDX-License-Identifier: MIT
/// @file
/// The whole configuration reader on arbitrary files, and those who build upon what it returns. An
/// input is keepalived.conf; what follows a NUL byte is the file `other.conf` next to it.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "config/configuration.hpp"
#include "core/engine.hpp"
#include "core/ledger.hpp"
#include "notifiers/notifier_factory.hpp"
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

/// How many times `part` is in `text`.
std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

/// Digits of the longest number.
std::size_t most_digits(const std::string& text) {
  std::size_t digits = 0;
  std::size_t most = 0;
  for (const char character : text) {
    digits = std::isdigit(static_cast<unsigned char>(character)) != 0 ? digits + 1 : 0;
    most = std::max(most, digits);
  }
  return most;
}

/// Whether sequences and lists, which multiply when one stands in another, may become more than a
/// few hundred lines. LineReader ends them at a million, which takes a sanitized build seconds and
/// shows nothing that fewer do not.
bool is_tedious(const std::string& input) {
  constexpr double most_lines = 300;
  const auto sequences = static_cast<double>(count(input, "~SEQ"));
  const auto lists = static_cast<double>(count(input, "~LST"));
  const auto digits = static_cast<double>(most_digits(input));
  const auto commas = static_cast<double>(count(input, ","));
  // As if every sequence had the longest number, and the lists shared all the commas.
  return std::pow(10, sequences * digits) * std::pow(1 + commas / std::max(lists, 1.0), lists) >
         most_lines;
}

/// What is configured must be fit to run.
void use(const config::Configuration& read) {
  const core::Now now{core::MonotonicTime(std::chrono::hours(1)), core::UtcTime()};
  core::Engine engine(read.settings, {"epoch", "node1", "", "", false}, 1, {}, now);
  const core::KeepalivedId own = engine.keepalived("");
  engine.step(core::ConfigurationChanged{own, read.topology}, now);
  for (core::InstanceIndex index = 0; index < read.topology.instances.size(); ++index) {
    engine.step(core::Observed{own, core::StateSeen{core::Witness::dbus, index,
                                                    core::VrrpState::master, true, std::nullopt}},
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
  const config::Configuration read =
      config::read_configuration(tests::main_file, "node1", files, notifiers::notifier_kinds());
  fuzz::check(read);
  fuzz::use(read);
  return 0;
}
