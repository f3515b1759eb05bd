#include "settings/nearest_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

namespace gradus::settings {
namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest_name(const std::string& asked, const std::vector<std::string>& names) {
  std::string nearest;
  std::size_t best = std::min(asked.size(), std::max<std::size_t>(2, asked.size() / 3) + 1);
  for (const std::string& name : names)
    if (const std::size_t d = distance(name, asked); d < best) {
      best = d;
      nearest = name;
    }
  return nearest;
}

std::string choices_text(const std::string& asked, const std::vector<std::string>& names) {
  const std::string near = nearest_name(asked, names);
  const std::string hint = near.empty() ? "" : fmt::format("did you mean {}? ", near);
  return fmt::format("{}expected one of {}", hint, fmt::join(names, ", "));
}

}  // namespace gradus::settings
