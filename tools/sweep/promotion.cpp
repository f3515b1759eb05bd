#include "tools/sweep/promotion.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace gradus::sweep {
namespace {

bool is_better(double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; }

bool is_same(double a, double b) { return !is_better(a, b) && !is_better(b, a); }

// In place of the value, if any, that the contender had on this rung.
template <class Place>
void replace(std::vector<Place>& places, std::size_t number, const double* before, const double* now) {
  if (before != nullptr && now != nullptr && is_same(*before, *now)) return;
  if (before != nullptr) places.erase(std::lower_bound(places.begin(), places.end(), Place{*before, number}));
  if (now == nullptr) return;
  const Place own{*now, number};
  places.insert(std::lower_bound(places.begin(), places.end(), own), own);
}

const double* value_at(const std::vector<double>& values, std::size_t rung) {
  return rung < values.size() ? &values[rung] : nullptr;
}

bool may_go_on(const Contender& one) {
  return !one.has_ended && !one.is_others && !one.scores.empty() && one.sent == one.scores.size() &&
         !std::isnan(one.scores.back());
}

}  // namespace

bool Ladder::Place::operator<(const Place& other) const {
  return is_better(value, other.value) || (is_same(value, other.value) && number < other.number);
}

void Ladder::put(std::size_t number, Contender contender) {
  if (number >= contenders_.size()) contenders_.resize(number + 1);
  const Contender before = std::exchange(contenders_[number], std::move(contender));
  const Contender& now = contenders_[number];
  rungs_.resize(std::max({rungs_.size(), now.scores.size(), now.averages.size()}));
  if (may_go_on(before)) rungs_[before.scores.size() - 1].paused.erase({before.scores.back(), number});
  for (std::size_t rung = 0; rung < std::max(before.scores.size(), now.scores.size()); ++rung)
    replace(rungs_[rung].scores, number, value_at(before.scores, rung), value_at(now.scores, rung));
  for (std::size_t rung = 0; rung < std::max(before.averages.size(), now.averages.size()); ++rung)
    replace(rungs_[rung].averages, number, value_at(before.averages, rung), value_at(now.averages, rung));
  if (may_go_on(now)) rungs_[now.scores.size() - 1].paused.insert({now.scores.back(), number});
}

std::optional<std::size_t> Ladder::asha_promotion(std::size_t factor) const {
  for (auto rung = rungs_.rbegin(); rung != rungs_.rend(); ++rung) {
    if (rung->paused.empty()) continue;
    const auto best = std::lower_bound(rung->scores.begin(), rung->scores.end(), *rung->paused.begin());
    if (static_cast<std::size_t>(best - rung->scores.begin()) < rung->scores.size() / factor) return best->number;
  }
  return std::nullopt;
}

// Of the averages, as if the one at this place were not there. A mean that is no number is an infinite one.
double Ladder::Rung::median_without(std::size_t place) const {
  const std::size_t others = averages.size() - (place < averages.size() ? 1 : 0), half = others / 2;
  const auto at = [&](std::size_t i) {
    const double value = averages[i + (i >= place ? 1 : 0)].value;
    return std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
  };
  return others % 2 == 1 ? at(half) : at(half - 1) / 2 + at(half) / 2;
}

// The first of them.
std::optional<std::size_t> Ladder::Rung::need_not_stop(const std::vector<Contender>& contenders) const {
  const std::size_t all = averages.size();
  const bool enough = all > least_others;  // for each that is there itself
  std::optional<std::size_t> first;
  // Without the best of the others the median is the worst that it may be.
  const double worst = enough ? median_without(0) : 0, best = enough ? median_without(all - 1) : 0;
  for (const Place& one : paused) {
    if (enough && is_better(worst, one.value)) break;
    if (first && *first < one.number) continue;
    if (!enough || is_better(best, one.value)) {
      const std::vector<double>& means = contenders[one.number].averages;
      const std::size_t rung = contenders[one.number].scores.size() - 1;
      const bool is_there = rung < means.size();
      const auto place = is_there ? std::lower_bound(averages.begin(), averages.end(), Place{means[rung], one.number})
                                  : averages.end();
      if (all - (is_there ? 1 : 0) >= least_others &&
          is_better(median_without(static_cast<std::size_t>(place - averages.begin())), one.value))
        continue;
    }
    first = one.number;
  }
  return first;
}

std::optional<std::size_t> Ladder::median_promotion() const {
  for (const Rung& rung : rungs_)
    if (const auto first = rung.need_not_stop(contenders_)) return first;
  return std::nullopt;
}

std::optional<std::size_t> Ladder::best_paused() const {
  for (auto rung = rungs_.rbegin(); rung != rungs_.rend(); ++rung)
    if (!rung->paused.empty()) return rung->paused.begin()->number;
  return std::nullopt;
}

}  // namespace gradus::sweep
