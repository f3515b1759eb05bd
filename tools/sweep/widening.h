// A wider space for a winner at the border of its own: the best may lie beyond.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tools/sweep/winners.h"

namespace gradus::sweep {

// The space of a log_uniform option of one winner, as it is by now.
struct Widened {
  std::vector<Choice> per;
  std::string option;
  double low = 0, high = 0;
  bool is_wider = false;  // than it was written
};

class Widening {
 public:
  // For each winner that has a log_uniform option in the outer twentieth of its space: as many draws as its grid has,
  // from a space that goes on for a decade beyond that border. They are in place of those before, so that every winner
  // is the best of equally many. None where no winner has such an option.
  std::vector<Combination> beyond(const Stage& stage, const Choosing& choosing, const std::vector<Combination>& before);

  // Whether a combination is of draws that others have taken the place of since.
  bool replaced(const Combination& combination) const { return replaced_.contains(combination.id); }
  // Those that were widened, whole.
  std::vector<Widened> spaces() const;
  // What the last call has widened, a line for each.
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  // Moves the ranges at whose border the winner lies beyond it: whether there is any.
  bool stretch(OptionList& options, const Winner& winner);
  Widened& space_of(const Winner& winner, const Option& option);

  std::vector<Widened> spaces_;  // of all options that a winner had
  std::vector<std::string> lines_;
  std::set<std::string> replaced_;
  std::uint64_t rounds_ = 0;
};

}  // namespace gradus::sweep
