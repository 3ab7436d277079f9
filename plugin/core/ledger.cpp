// SPDX-License-Identifier: MIT
#include "core/ledger.hpp"

#include <cstddef>
#include <map>

namespace batch_notifier::core {

std::vector<std::string> consumer_names(const std::vector<NotifierSettings>& notifiers) {
  std::vector<std::string> names;
  std::map<std::string, std::size_t> seen;
  for (const NotifierSettings& notifier : notifiers) {
    std::string name = notifier.kind;
    for (const std::string& word : notifier.target) {
      name += '\n';
      name += word;
    }
    const std::size_t number = ++seen[name];
    names.push_back(number == 1 ? name : name + "\n#" + std::to_string(number));
  }
  return names;
}

bool goes_on(const Ledger& former, const RunIdentity& run) {
  const bool same_fifo = !run.fifo.empty() && former.fifo == run.fifo;
  return !run.keepalived.empty() && former.keepalived == run.keepalived &&
         (former.handed_over || (same_fifo && run.fifo_unbroken));
}

}  // namespace batch_notifier::core
