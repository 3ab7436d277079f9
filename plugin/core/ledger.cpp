// SPDX-License-Identifier: MIT
#include "core/ledger.hpp"

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

std::map<std::string_view, std::size_t> positions_by_name(const Ledger& ledger) {
  std::map<std::string_view, std::size_t> positions;
  for (std::size_t index = 0; index < ledger.instances.size(); ++index) {
    positions.emplace(ledger.instances[index].name, index);
  }
  return positions;
}

}  // namespace batch_notifier::core
