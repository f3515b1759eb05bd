#include "tools/sweep/promotion.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gradus::sweep {
namespace {

bool is_better(double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; }

std::size_t highest_rung(const std::vector<Contender>& contenders) {
  std::size_t most = 0;
  for (const Contender& one : contenders) most = std::max(most, one.scores.size());
  return most;
}

// Those that have come to so many rungs, the best at the last of these first.
std::vector<std::size_t> ranked(const std::vector<Contender>& contenders, std::size_t rungs) {
  std::vector<std::size_t> there;
  for (std::size_t i = 0; i < contenders.size(); ++i)
    if (contenders[i].scores.size() >= rungs) there.push_back(i);
  std::stable_sort(there.begin(), there.end(), [&](std::size_t a, std::size_t b) {
    return is_better(contenders[a].scores[rungs - 1], contenders[b].scores[rungs - 1]);
  });
  return there;
}

bool may_go_on(const Contender& one, std::size_t rungs) {
  return !one.has_ended && one.scores.size() == rungs && one.sent == rungs && !std::isnan(one.scores.back());
}

double median_of(std::vector<double> values) {
  for (double& value : values)
    if (std::isnan(value)) value = std::numeric_limits<double>::infinity();
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : values[half - 1] / 2 + values[half] / 2;
}

}  // namespace

std::optional<std::size_t> asha_promotion(const std::vector<Contender>& contenders, std::size_t factor) {
  for (std::size_t rungs = highest_rung(contenders); rungs > 0; --rungs) {
    const std::vector<std::size_t> there = ranked(contenders, rungs);
    for (std::size_t place = 0; place < there.size() / factor; ++place)
      if (may_go_on(contenders[there[place]], rungs)) return there[place];
  }
  return std::nullopt;
}

std::optional<std::size_t> median_promotion(const std::vector<Contender>& contenders) {
  for (std::size_t rungs = 1; rungs <= highest_rung(contenders); ++rungs)
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      if (!may_go_on(contenders[i], rungs)) continue;
      std::vector<double> others;
      for (std::size_t j = 0; j < contenders.size(); ++j)
        if (j != i && contenders[j].averages.size() >= rungs) others.push_back(contenders[j].averages[rungs - 1]);
      if (others.size() < least_others || !is_better(median_of(others), contenders[i].scores[rungs - 1])) return i;
    }
  return std::nullopt;
}

std::optional<std::size_t> best_paused(const std::vector<Contender>& contenders) {
  for (std::size_t rungs = highest_rung(contenders); rungs > 0; --rungs)
    for (const std::size_t i : ranked(contenders, rungs))
      if (may_go_on(contenders[i], rungs)) return i;
  return std::nullopt;
}

}  // namespace gradus::sweep
