// SPDX-License-Identifier: MIT
#include "sources/fifo_lines.hpp"

#include <charconv>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

namespace batch_notifier::sources {

namespace {

constexpr std::size_t quoted_part = 100;

// Takes the last word, and the blank before it, off the text.
std::string_view take_last_word(std::string_view& text) {
  const std::size_t blank = text.rfind(' ');
  if (blank == std::string_view::npos) {
    return {};
  }
  const std::string_view word = text.substr(blank + 1);
  text = text.substr(0, blank);
  return word;
}

// As keepalived writes it: without a zero in front.
std::optional<std::uint8_t> parse_priority(std::string_view word) {
  if (word.size() > 1 && word.front() == '0') {
    return std::nullopt;
  }
  std::uint8_t priority = 0;
  const char* const end = word.data() + word.size();
  const auto [rest, error] = std::from_chars(word.data(), end, priority);
  return error == std::errc{} && rest == end ? std::optional(priority) : std::nullopt;
}

// A state that keepalived announces, which INIT and our own UNKNOWN are not.
std::optional<core::VrrpState> parse_state(std::string_view word) {
  const std::optional<core::VrrpState> state = core::parse_vrrp_state(word);
  return state == core::VrrpState::init || state == core::VrrpState::unknown ? std::nullopt : state;
}

constexpr std::string_view contested = "MASTER_RX_LOWER_PRI";

bool is_event(std::string_view word) {
  return word == contested || word == "MASTER_PRIORITY" || word == "BACKUP_PRIORITY";
}

std::optional<FifoLine> parse_vrrp_line(std::string_view line) {
  const bool group = line.starts_with("GROUP \"");
  if (!group && !line.starts_with("INSTANCE \"")) {
    return std::nullopt;
  }
  line.remove_prefix(line.find('"') + 1);
  const std::optional<std::uint8_t> priority = parse_priority(take_last_word(line));
  const std::string_view word = take_last_word(line);
  if (!priority || line.empty() || line.back() != '"') {
    return std::nullopt;
  }
  line.remove_suffix(1);
  std::string name(line);
  const std::optional<core::VrrpState> state = parse_state(word);
  if (group) {
    return state ? std::optional<FifoLine>(GroupLine{std::move(name), *state}) : std::nullopt;
  }
  if (state) {
    return InstanceLine{std::move(name), *state, *priority};
  }
  return is_event(word)
             ? std::optional<FifoLine>(PriorityLine{std::move(name), *priority, word == contested})
             : std::nullopt;
}

FifoLine parse_line(std::string_view line) {
  if (line.size() <= FifoLines::longest_line) {
    const std::size_t nuls = line.find_first_not_of('\0');
    const std::string_view text = line.substr(nuls == std::string_view::npos ? line.size() : nuls);
    if (text.starts_with("VS ") || text.starts_with("RS ")) {
      return ServerLine{};
    }
    if (std::optional<FifoLine> parsed = parse_vrrp_line(text)) {
      return *std::move(parsed);
    }
  }
  return MalformedLine{std::string(line.substr(0, quoted_part))};
}

}  // namespace

// One byte more than the longest line, so that a longer one can be told from it.
FifoLines::FifoLines()
    : splitter_({longest_line + 1, std::numeric_limits<std::size_t>::max()},
                [this](const std::string& line) { complete_.push_back(parse_line(line)); }) {
}

std::vector<FifoLine> FifoLines::feed(std::string_view bytes) {
  splitter_.take(bytes);
  return std::exchange(complete_, {});
}

void FifoLines::drop_rest() {
  splitter_.finish();
  complete_.clear();
}

}  // namespace batch_notifier::sources
