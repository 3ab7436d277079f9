// SPDX-License-Identifier: MIT
#include "config/values.hpp"

#include <charconv>
#include <system_error>

#include <arpa/inet.h>

namespace batch_notifier::config {

namespace {

constexpr std::size_t decimals = 6;

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view word, std::uint64_t least,
                                          std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const end = word.data() + word.size();
  const auto [stopped, error] = std::from_chars(word.data(), end, number);
  if (error != std::errc() || stopped != end || number < least || number > most) {
    return std::nullopt;
  }
  return number;
}

std::optional<core::Duration> parse_seconds(std::string_view word) {
  const std::size_t point = word.find('.');
  const std::string_view whole = word.substr(0, point);
  std::string_view fraction;
  if (point != std::string_view::npos) {
    fraction = word.substr(point + 1);
  }
  if ((whole.empty() && fraction.empty()) ||
      fraction.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  std::string digits(fraction.substr(0, decimals));
  digits.resize(decimals, '0');
  const std::optional<std::uint64_t> seconds =
      whole.empty() ? std::optional<std::uint64_t>(0)
                    : parse_number(whole, 0, static_cast<std::uint64_t>(longest_time.count()));
  std::optional<std::uint64_t> micros = parse_number(digits, 0, 999'999);
  if (!seconds || !micros) {
    return std::nullopt;
  }
  if (fraction.size() > decimals && fraction[decimals] >= '5') {
    ++*micros;
  }
  const core::Duration time{static_cast<std::int64_t>(*seconds * 1'000'000 + *micros)};
  return time <= longest_time ? std::optional<core::Duration>(time) : std::nullopt;
}

std::optional<core::IpAddress> parse_address(const std::string& word) {
  core::IpAddress address;
  const bool ipv6 = word.find(':') != std::string::npos;
  address.family = ipv6 ? core::AddressFamily::ipv6 : core::AddressFamily::ipv4;
  if (inet_pton(ipv6 ? AF_INET6 : AF_INET, word.c_str(), address.bytes.data()) != 1) {
    return std::nullopt;
  }
  return address;
}

}  // namespace batch_notifier::config
