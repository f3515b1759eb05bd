// Which paused setting goes on, by what is known of all that are compared.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

namespace gradus::sweep {

// A setting as the others see it. Lower is better; NaN is worse than any number, and never goes on: it has diverged.
struct Contender {
  std::vector<double> scores;    // at each rung that it has come to. asha: the value; median: the best until there
  std::vector<double> averages;  // median: the mean of what it had logged until there
  std::size_t sent = 0;          // so many rungs it has been sent to; it is paused if it has come to all of them
  bool has_ended = false;        // it is not paused: it never goes on
  bool is_others = false;        // it is others that let it go on
};

// The contenders on their rungs. They change one at a time, and an answer looks at few of them.
class Ladder {
 public:
  // What is known of this one from now on.
  void put(std::size_t number, Contender contender);

  // ASHA. Li et al. (2020), "A System for Massively Parallel Hyperparameter Tuning", algorithm 2, get_job: from the
  // highest rung down, the best that has not been sent on of the best |rung| / factor (rounded down) that have come to
  // it. Of equals the first is the better.
  std::optional<std::size_t> asha_promotion(std::size_t factor) const;

  // The median stopping rule. Golovin et al. (2017), "Google Vizier", section 3.2.2: a run stops whose best until a
  // step is worse than the median of the averages until there of the others; here of those that have come to it, and of
  // at least `least_others` of them. What is returned is the first paused one that need not stop, from the lowest rung
  // up.
  static constexpr std::size_t least_others = 3;
  std::optional<std::size_t> median_promotion() const;

  // Where nothing else goes on and none has come to its end: the best of those paused at the highest rung.
  std::optional<std::size_t> best_paused() const;

 private:
  struct Place {
    double value;
    std::size_t number;
    bool operator<(const Place& other) const;  // the better first
  };
  struct Rung {
    std::vector<Place> scores, averages;  // of those that have come here, in their order
    std::set<Place> paused;               // that may go on, by their scores
    double median_without(std::size_t place) const;
    std::optional<std::size_t> need_not_stop(const std::vector<Contender>& contenders) const;
  };

  std::vector<Contender> contenders_;
  std::vector<Rung> rungs_;
};

}  // namespace gradus::sweep
