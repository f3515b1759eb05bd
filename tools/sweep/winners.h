// The best settings of a stage.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "tools/sweep/combinations.h"
#include "tools/sweep/table.h"

namespace gradus::sweep {

struct Winner {
  std::vector<Choice> per;           // for the runs that have these
  std::vector<Choice> options;       // what it won with: all others but those that the mean is over
  std::vector<Choice> tuned;         // of these, in which the settings differ
  double value = 0;                  // its mean
  bool has_arrived = true;           // of a time: whether a run of it has come to the target
  std::vector<std::string> runs;     // folders
  std::size_t settings = 0;          // it was the best of so many,
  std::size_t fewest = 0, most = 0;  // means of so many runs,
  std::size_t out = 0;               // beside so many of which a run has diverged, or has no finite value,
  std::size_t pruned = 0;            // and so many that were stopped early
};

struct Choosing {
  std::string table, column, better;
  std::vector<Winner> winners;
  std::vector<std::string> notes;  // lines for the user
};

// A run of each setting has diverged, or has no finite value.
struct NoSettingLeft : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Every combination with its row. The direction is the column's own; of equal means the first. Throws NoSettingLeft,
// and std::runtime_error where no run has the column, or it does not say which way is better.
Choosing choose_winners(const WinnerRule& rule, const std::vector<Combination>& combinations,
                        const std::vector<RunRow>& rows, const std::filesystem::path& output);

// What the first of the settings would be as winners: before any has run.
std::vector<Winner> presumed_winners(const WinnerRule& rule, const std::vector<Combination>& combinations);

}  // namespace gradus::sweep
