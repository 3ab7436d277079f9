// SPDX-License-Identifier: MIT
#include "config/mark.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace batch_notifier::config {

namespace {

// Levenshtein's distance; what is much longer or shorter is far away.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < other.size(); ++j) {
      const std::size_t replaced = diagonal + (one[i] == other[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

}  // namespace

bool is_misspelt_mark(std::string_view word) {
  const std::string_view mark = setting_mark.substr(1);
  constexpr std::size_t furthest = 2;
  return word.size() + furthest >= mark.size() && word.size() <= mark.size() + furthest &&
         distance(word, mark) <= furthest;
}

}  // namespace batch_notifier::config
