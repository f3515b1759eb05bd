// Settings that another program suggests, from what the others have come to: ask and tell, in lines of JSON.
//
// For each combination of a stage's listed options, but those that the mean is over (the seed), there is one search.
// Its program (process/piped_program.h) reads a line and answers with one, on descriptor 3:
//   {"seed": 7, "count": 64, "space": {"learning_rate": {"kind": "log_uniform", "low": 0.001, "high": 1},
//    "depth": {"kind": "integer", "low": 1, "high": 4}, "activation": {"kind": "choice", "values": ["relu", "tanh"]}}}
//                                            {}
//   {"ask": 0}                               {"options": {"learning_rate": 0.1, "depth": 2, "activation": "relu"}}
//   {"tell": 0, "value": 0.31}               {}          the less the better; null: a run has diverged
// Suggestion k is asked for when 0 ... k - window have been told, in their order: the suggestions do not depend on how
// many runs go on at a time, on what machine, or in how many sweeps, and are the same when a sweep begins again.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "process/piped_program.h"
#include "tools/sweep/combinations.h"
#include "tools/sweep/feeder.h"

namespace gradus::sweep {

// Whether the stage's draws are suggested.
bool is_searched(const Stage& stage);
// Throws UsageError for a stage that cannot be searched.
void check_search(const Stage& stage);

class DrawSearch : public Feeder {
 public:
  // Gives combinations their names, and leaves out those that come to the same as an earlier one.
  using Identify = std::function<void(std::vector<Combination>&, const Meanwhile&)>;
  using Plan = std::function<Step(const Combination&)>;

  using Begun = std::function<void(pid_t)>;  // told of each process that suggests

  DrawSearch(const Stage& stage, std::filesystem::path output, Identify identify, Plan plan, Begun begun);
  ~DrawSearch() override;

  std::vector<Step> more(const std::vector<RunRow>& rows, const Meanwhile& meanwhile) override;
  // All that were suggested so far, in the order of the steps.
  const std::deque<Combination>& combinations() const { return combinations_; }

 private:
  using Trial = std::vector<std::size_t>;  // numbers of steps
  struct One;
  bool tell_next(One& one, const std::vector<RunRow>& rows);
  void ask_next(One& one, std::vector<Step>& steps, const Meanwhile& meanwhile);

  const Stage& stage_;
  std::filesystem::path output_;
  Identify identify_;
  Plan plan_;
  Begun begun_;
  std::deque<Combination> combinations_;        // of the steps
  std::map<std::string, std::size_t> numbers_;  // of those, by what they come to
  std::vector<std::unique_ptr<One>> searches_;
};

}  // namespace gradus::sweep
