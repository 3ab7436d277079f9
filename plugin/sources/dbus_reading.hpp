// SPDX-License-Identifier: MIT
/// @file
/// The course of reading every instance once: what to ask next, and what to make of an answer. It
/// uses no message and no clock.
///
/// Each question makes keepalived's D-Bus thread wait for its VRRP thread, so only a few are ever
/// unanswered. That same hand-over means that an answer can be older than a signal that overtook
/// it: the VRRP thread gives the state, changes it and signals the change; only then does the D-Bus
/// thread send the answer. So a signal that comes while its instance's question is unanswered is
/// newer than the answer, and if the two differ the question is put again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "core/topology.hpp"
#include "core/vrrp_state.hpp"

namespace batch_notifier::sources {

/// One reading of a set of instances.
class DbusReading {
 public:
  /// An unanswered question.
  struct Question {
    std::uint32_t serial = 0;               ///< Serial number of the call.
    core::InstanceIndex instance = 0;       ///< Which instance.
    std::optional<core::VrrpState> signal;  ///< Newest signal since it was put.
  };

  /// `instances` in the order of asking, of which `at_most` are unanswered at a time.
  DbusReading(const std::vector<core::InstanceIndex>& instances, std::size_t at_most)
      : waiting_(instances.begin(), instances.end()), at_most_(at_most) {}

  /// The instance to ask for now; none while enough questions are unanswered. asked() must follow.
  std::optional<core::InstanceIndex> next() {
    if (waiting_.empty() || unanswered_.size() >= at_most_) {
      return std::nullopt;
    }
    const core::InstanceIndex instance = waiting_.front();
    waiting_.pop_front();
    return instance;
  }

  /// The question about `instance` went out under `serial`.
  void asked(core::InstanceIndex instance, std::uint32_t serial) {
    unanswered_.push_back({serial, instance, std::nullopt});
  }

  /// A signal reported `state` for `instance`.
  void signalled(core::InstanceIndex instance, core::VrrpState state) {
    signalled_.insert(instance);
    for (Question& question : unanswered_) {
      if (question.instance == instance) {
        question.signal = state;
      }
    }
  }

  /// The question that `serial` answers, which is thereby answered; nothing if it is none of these.
  std::optional<Question> answered(std::uint32_t serial) {
    for (auto place = unanswered_.begin(); place != unanswered_.end(); ++place) {
      if (place->serial == serial) {
        const Question question = *place;
        unanswered_.erase(place);
        return question;
      }
    }
    return std::nullopt;
  }

  /// `instance` is asked once more, after the others.
  void ask_again(core::InstanceIndex instance) { waiting_.push_back(instance); }

  /// Everything has been asked and answered.
  [[nodiscard]] bool finished() const { return waiting_.empty() && unanswered_.empty(); }

  /// The instances of which nothing is known: neither an answer nor a signal has come.
  [[nodiscard]] std::vector<core::InstanceIndex> missing() const {
    std::vector<core::InstanceIndex> instances;
    for (const Question& question : unanswered_) {
      instances.push_back(question.instance);
    }
    instances.insert(instances.end(), waiting_.begin(), waiting_.end());
    instances.erase(
        std::remove_if(instances.begin(), instances.end(),
                       [this](core::InstanceIndex one) { return signalled_.count(one) != 0; }),
        instances.end());
    return instances;
  }

 private:
  std::deque<core::InstanceIndex> waiting_;
  std::vector<Question> unanswered_;
  std::set<core::InstanceIndex> signalled_;
  std::size_t at_most_;
};

}  // namespace batch_notifier::sources
