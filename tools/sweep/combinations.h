// The combinations that a stage's grids spell out: one for each run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/sweep/specification.h"

namespace gradus::sweep {

// Of the runs of a stage that fork from those of another, the option whose value names the parent and the step, and
// what tells such forks of several parents apart otherwise: the step alone, or a list of them, of a fork of a fork.
inline constexpr const char* fork_option = "fork";
inline constexpr const char* fork_step_option = "fork_step";

// A value for every option of one run.
struct Combination {
  std::string id;           // first 12 hex digits of SHA-256 of {"options":{...},"program":"..."}: compact, keys sorted
  std::string config_hash;  // stands for all effective values, where the program tells it (check.h); otherwise empty
  std::vector<Choice> choices;
  std::vector<Choice> inherited = {};      // of a fork: its parent's that it does not choose, and fork_step; not given
                                           // to the program
  std::vector<std::string> controls = {};  // --checkpoint-at=..., which changes no result and no run's identity
  std::optional<std::int64_t> first_stop = {};  // where it pauses first, if its sweep stops early
  std::optional<std::int64_t> length = {};      // steps that it takes at most, where the program tells it (answers.h)

  nlohmann::json options() const;
  std::vector<std::string> arguments() const;  // `--learning-rate=0.1`, in the order written
  // Its own or an inherited value; null if it has no such option.
  const OptionValue* find(std::string_view name) const;
};

// The union of the stage's grids, the first option varying slowest; the draws stand where the first drawn option does,
// and every combination of the other options has the same ones. Without names yet (identify). Throws UsageError.
std::vector<Combination> expand(const Stage& stage);

// Processors that a run uses: its option threads, or 1.
int threads_of(const Combination& combination);
int most_threads(const std::vector<Combination>& combinations);  // of one of them

// Gives each its id and leaves out those that are there already. `program` is the program's name.
void identify(std::vector<Combination>& combinations, const std::string& program);

}  // namespace gradus::sweep
