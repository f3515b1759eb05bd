// What is to be run: a program and, in one or more stages, grids of option values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/sweep/conditions.h"
#include "tools/sweep/draws.h"
#include "tools/sweep/metric_choice.h"
#include "tools/sweep/stopping_rule.h"
#include "tools/sweep/values.h"

namespace gradus::sweep {

struct Option {
  std::string name;                      // canonical: underscores, no leading hyphens
  std::vector<OptionValue> values = {};  // none if drawn
  std::optional<Distribution> drawn = {};
};

using OptionList = std::vector<Option>;

// OptionList that only the combinations have in which the condition holds.
struct When {
  Condition condition;
  OptionList options;
};

struct Grid {
  OptionList options;
  std::vector<std::vector<std::string>> zips = {};  // options whose lists run together
  std::vector<When> whens = {};                     // after the others, in their order
  Draws draws = {};
};

// How the best of a stage's settings is chosen: runs that are equal in all options but `over` are one setting.
struct WinnerRule {
  MetricChoice by;
  std::vector<std::string> per = {};         // a winner for each combination of these options' values
  std::vector<std::string> over = {"seed"};  // the mean is over these
};

struct Stage {
  std::string name;         // empty where the specification has no stages
  std::vector<Grid> grids;  // their union is run,
  std::vector<Condition> exclusions = {};
  std::optional<std::int64_t> limit = {};  // and of that the first so many
  std::optional<WinnerRule> select = {};
  std::optional<StoppingRule> stopping = {};
  bool overridden = false;  // by the command line: a condition may then hold nowhere
};

struct Specification {
  std::string program;        // as written: a path, or a name to be found beside the sweep tool
  std::vector<Stage> stages;  // run one after the other
};

// An option of one text: a list or a draw.
Option parse_option(std::string name, std::string_view text, const std::string& where);

// OptionList as on a command line: `--name=values`, `--name value`, `--flag`.
OptionList parse_arguments(const std::vector<std::string>& arguments);

// Throws UsageError, which begins with `where`, for more options or values in all than a slip of the pen explains.
void require_bounded(const OptionList& options, const std::string& where);
// Values that the options of a list, or of a grid, have in all; a draw is one.
std::size_t listed_values(const OptionList& options);
std::size_t listed_values(const Grid& grid);

// Replaces the values of the options that `overrides` names, and appends those that are missing.
void override_options(Grid& grid, const OptionList& overrides);

// What a command line says besides the options' values, for every stage.
struct SearchOptions {
  Draws draws;
  std::vector<std::string> zips, only, exclude;  // texts as written
  std::optional<std::int64_t> limit;
  std::string stopping;  // a rule, or `none` in place of the file's; empty if not given
};
// Throws UsageError for what concerns no option.
void apply(Specification& specification, const SearchOptions& search);

// Throws UsageError for a condition of the stage that names an option or a value which no combination can have.
void check_conditions(const Stage& stage);

bool draws_anything(const Stage& stage);

}  // namespace gradus::sweep
