// A wider space for a winner at the border of its own: the best may lie beyond.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tools/sweep/winners.h"

namespace gradus::sweep {

// Where the numbers of one option come from, of which a winner has one.
struct Space {
  std::string option;
  std::string kind;  // log_uniform, uniform, integer, or list
  double low = 0, high = 0;
  bool is_wider = false;  // than it was written
};

class Widening {
 public:
  // What stands for combinations as a grid spells them out, where they refer to other stages. Throws UsageError for
  // what cannot stand.
  using Resolve = std::function<std::vector<Combination>(const std::vector<Combination>&)>;

  // For each winner that has a log_uniform option in the outer twentieth of its space: as many draws as its grid has,
  // from a space that goes on for a decade beyond that border. They are in place of those before, so that every winner
  // is the best of equally many. None where no winner has such an option.
  std::vector<Combination> beyond(const Stage& stage, const Choosing& choosing, const std::vector<Combination>& before,
                                  const Resolve& resolve);

  // Whether a combination is of draws that others have taken the place of since.
  bool replaced(const Combination& combination) const { return replaced_.contains(combination.id); }
  // Of the options in which the settings differ, as they are by now; a list counts from three numbers on.
  std::vector<Space> spaces_of(const Stage& stage, const Winner& winner, const Resolve& resolve) const;
  // What the last call has widened, a line for each.
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  // Moves the ranges at whose border the winner lies beyond it: whether there is any.
  bool stretch(OptionList& options, const Winner& winner);
  const Space* widened(const Winner& winner, const std::string& option) const;

  std::vector<std::pair<std::vector<Choice>, Space>> widened_;  // with the `per` of the winner
  std::vector<std::string> lines_;
  std::set<std::string> replaced_;
  std::uint64_t rounds_ = 0;
};

}  // namespace gradus::sweep
