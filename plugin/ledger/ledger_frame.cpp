// SPDX-License-Identifier: MIT
#include "ledger/ledger_frame.hpp"

#include <cstddef>
#include <stdexcept>

#include "ledger/checksum.hpp"
#include "runtime/printable.hpp"

namespace batch_notifier::ledger {

namespace {

constexpr std::string_view magic = "batch_notifier ledger ";
constexpr std::string_view version = "2";
constexpr std::size_t longest_version = 20;

std::string header_of(std::string_view body) {
  return std::string(magic) + std::string(version) + " " + std::to_string(body.size()) + " " +
         std::to_string(crc32_of(body));
}

}  // namespace

std::string frame_ledger(std::string_view body) {
  return header_of(body) + "\n" + std::string(body);
}

std::string_view unframe_ledger(std::string_view text) {
  if (!text.starts_with(magic)) {
    throw std::runtime_error("it is not a ledger");
  }
  const std::size_t end = text.find('\n');
  const std::string_view header = text.substr(0, end);
  const std::string_view fields = header.substr(magic.size());
  if (const std::string_view found = fields.substr(0, fields.find(' ')); found != version) {
    throw std::runtime_error("it is a ledger of version " +
                             runtime::printable(found.substr(0, longest_version)) +
                             ", this program reads version " + std::string(version));
  }
  const std::string_view body = text.substr(end == std::string_view::npos ? text.size() : end + 1);
  if (header != header_of(body)) {
    throw std::runtime_error("its length or its checksum is wrong");
  }
  return body;
}

}  // namespace batch_notifier::ledger
