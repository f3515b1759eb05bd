// The runner's side of early stopping (early_stopping.h): which run begins next where a rule decides it, and what
// becomes of those that wait. Without a rule nothing pauses, and all of it does nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/sweep/early_stopping.h"
#include "tools/sweep/progress.h"

namespace gradus::sweep {

class Pausing {
 public:
  // Throws std::runtime_error where a run has not logged what the rule compares.
  Pausing(const Job& job, const SweepPlan& plan);

  bool decides() const { return stopping_.has_value(); }
  // A step of the plan that is to start now. Where a run turns out not to have logged what the rule compares, nothing
  // more begins, and a problem is told.
  std::optional<std::size_t> next();
  std::set<std::size_t> ended_elsewhere();
  std::optional<std::int64_t> stop_at(std::size_t run) const;  // of one that was started
  bool has_come_to_its_rung(std::size_t run, int code, const std::filesystem::path& folder) const;

  void came_back(std::size_t run);
  bool is_taken(std::size_t run);  // false without a rule
  void gave_up(std::size_t run);
  std::size_t begin_no_more();  // returns how many wait that have come to no rung, the first time
  std::vector<std::size_t> waiting() const;
  bool is_settled();

  // "paused at step 250: ..."
  std::string account_of(std::size_t run) const;
  // At the end: rows and counts of what waits, which has been stopped early unless the sweep was cut short, or others
  // decide too.
  void conclude(std::vector<RunRow>& rows, Counts& counts, bool is_cut_short) const;
  const std::optional<std::string>& problem() const { return problem_; }

 private:
  template <class Call>
  auto guarded(const Call& call) -> decltype(call());

  std::optional<EarlyStopping> stopping_;
  std::map<std::size_t, std::optional<std::int64_t>> stop_at_;
  std::optional<std::string> problem_;
};

}  // namespace gradus::sweep
