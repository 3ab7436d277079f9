// SPDX-License-Identifier: MIT
#include "runtime/line_splitter.hpp"

#include <algorithm>

namespace batch_notifier::runtime {

void LineSplitter::take(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    take_part(bytes.substr(0, newline));
    if (newline == std::string_view::npos) {
      return;
    }
    end_line();
    bytes.remove_prefix(newline + 1);
  }
}

void LineSplitter::finish() {
  if (!line_.empty() || line_cut_) {
    end_line();
  }
}

void LineSplitter::take_part(std::string_view part) {
  const std::size_t room = passed_ < limits_.lines ? limits_.line_bytes - line_.size() : 0;
  const std::size_t kept = std::min(room, part.size());
  line_.append(part.substr(0, kept));
  line_cut_ = line_cut_ || kept < part.size();
  cut_bytes_ += part.size() - kept;
}

void LineSplitter::end_line() {
  if (passed_ < limits_.lines) {
    ++passed_;
    sink_(line_);
  } else {
    // An empty line that is left out is cut as well.
    line_cut_ = true;
  }
  cut_lines_ += line_cut_ ? 1 : 0;
  line_.clear();
  line_cut_ = false;
}

}  // namespace batch_notifier::runtime
