// SPDX-License-Identifier: MIT
/// @file
/// The course of reading all links and then all addresses: what to ask for next, and whether the
/// answer has gaps. It uses no socket and no clock.
///
/// After an overrun the queue is emptied before anything is asked, because the kernel drops further
/// notifications, without saying so again, until it has been. Readings begin a while apart, so that
/// a host whose addresses never rest cannot keep the plugin busy.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

#include "core/time.hpp"

namespace batch_notifier::sources {

/// One reading after another.
class NetlinkDump {
 public:
  /// Least time between the beginnings of two readings.
  static constexpr core::Duration spacing{100'000};

  /// What to do now.
  enum class Step : std::uint8_t {
    nothing,        ///< Wait for the answer, or for the next request.
    ask_links,      ///< Ask for all links: a reading begins.
    ask_addresses,  ///< Ask for all addresses.
    wait,           ///< Come back at earliest().
  };

  /// Everything is to be read, anew if a reading is under way.
  void want() { wanted_ = true; }

  /// What is being read has gaps: it is read anew once it has ended.
  void spoil() { spoilt_ = true; }

  /// The socket was lost, and an answer will not come.
  void abort() {
    phase_ = Phase::none;
    complete_ = false;
  }

  /// The answer to the newest question has ended. Returns whether everything has been read now.
  bool end_part() {
    if (spoilt_) {
      phase_ = Phase::none;
      wanted_ = true;
    } else if (phase_ == Phase::links_asked) {
      phase_ = Phase::links_read;
    } else if (phase_ == Phase::addresses_asked) {
      phase_ = Phase::none;
      complete_ = true;
      return true;
    }
    return false;
  }

  /// What to do next. Only to be called with an empty queue: a question put while it is full is
  /// refused, and what is in it may be older than an overrun. Throws std::runtime_error if the
  /// kernel has left off in the middle of an answer.
  Step next(core::MonotonicTime now) {
    if (phase_ == Phase::links_read) {
      phase_ = Phase::addresses_asked;
      return Step::ask_addresses;
    }
    if (phase_ != Phase::none) {
      // Each part of an answer is queued when the one before it is taken, so there must be one.
      if (spoilt_) {
        throw std::runtime_error("the kernel left off in the middle of its answer");
      }
      return Step::nothing;
    }
    if (!wanted_) {
      return Step::nothing;
    }
    if (now < earliest_) {
      return Step::wait;
    }
    earliest_ = now + spacing;
    wanted_ = false;
    spoilt_ = false;
    phase_ = Phase::links_asked;
    return Step::ask_links;
  }

  /// When the next reading may begin.
  [[nodiscard]] core::MonotonicTime earliest() const { return earliest_; }

  /// Whether everything has been read; to be taken once.
  bool take_complete() { return std::exchange(complete_, false); }

 private:
  enum class Phase : std::uint8_t { none, links_asked, links_read, addresses_asked };

  Phase phase_ = Phase::none;
  bool wanted_ = false;
  bool spoilt_ = false;
  bool complete_ = false;
  core::MonotonicTime earliest_;
};

}  // namespace batch_notifier::sources
