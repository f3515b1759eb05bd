// What is to be run: a program and one or more grids of option values, and the combinations they spell out.
//
// Values of an option: a comma list `a,b`; integers `0:4` (both ends included) or `0:10:2`; `log:1e-4:1e-1:4` (points
// evenly spaced in the logarithm, ends included). `\,` and `\:` are a literal comma and colon, `\\` a backslash.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/records/program.h"

namespace gradus::sweep {

using records::UsageError;  // the caller's command line or specification is wrong

struct OptionValue {
  std::string text;        // what the program is given
  nlohmann::json json;     // number, boolean or string; equal for `0.1`, `0.10` and `1e-1`
  bool bare_flag = false;  // written `--name` without a value: handed on like that
};

struct Option {
  std::string name;  // canonical: underscores, no leading hyphens
  std::vector<OptionValue> values;
};

using Grid = std::vector<Option>;

struct Specification {
  std::string program;      // as written: a path, or a name to be found beside the sweep tool
  std::vector<Grid> grids;  // their union is run
};

struct Choice {
  std::string name;
  OptionValue value;
};

// One run: a value for every option of its grid.
struct Combination {
  std::string id;           // first 12 hex digits of SHA-256 of {"options":{...},"program":"..."}: compact, keys sorted
  std::string config_hash;  // stands for all effective values, where the program tells it (check.h); otherwise empty
  std::vector<Choice> choices;

  nlohmann::json options() const;
  std::vector<std::string> arguments() const;  // `--learning-rate=0.1`, in the order written
  const OptionValue* find(std::string_view name) const;
};

// Number, boolean or string. An integral number is an integer, however it is written.
OptionValue make_value(std::string text);

// Leading hyphens removed, hyphens to underscores. Throws UsageError for a name that cannot be an option, or that the
// sweep itself sets (output, quiet, overwrite, ...).
std::string canonical_name(std::string_view name);

// `where` begins the message of the UsageError for an empty list, a bad range, or a text that is not UTF-8.
std::vector<OptionValue> parse_list(std::string_view text, const std::string& where);
std::vector<OptionValue> parse_element(std::string_view text, const std::string& where);  // a range, or one value

// Options as on a command line: `--name=values`, `--name values`, `--flag`.
Grid parse_arguments(const std::vector<std::string>& arguments);

// Replaces the options of `grid` that `overrides` names, and appends those it lacks.
void override_options(Grid& grid, const Grid& overrides);

// The union of the grids, the first option varying slowest; each combination once. `program` is the program's name.
std::vector<Combination> expand(const std::vector<Grid>& grids, const std::string& program);

}  // namespace gradus::sweep
