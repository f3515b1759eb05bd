// Names and values of options as texts.
//
// Values of an option: a comma list `a,b`; integers `0:4` (both ends included) or `0:10:2`; `log:1e-4:1e-1:4` (points
// evenly spaced in the logarithm, ends included). `\,`, `\:` and `\(` are a literal comma, colon and parenthesis, `\\`
// a backslash. What is drawn is in draws.h.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/records/program.h"

namespace gradus::sweep {

using records::UsageError;  // the caller's command line or specification is wrong

// Values of one option, and combinations of one sweep: more is a slip of the pen.
inline constexpr std::int64_t max_values = 1'000'000;
// Options of one list, and values of all lists of a specification, each grid with its own.
inline constexpr std::size_t max_options = 10'000, max_listed = 2'000'000;

struct OptionValue {
  std::string text;        // what the program is given
  nlohmann::json json;     // number, boolean or string; equal for `0.1`, `0.10` and `1e-1`
  bool bare_flag = false;  // written `--name` without a value: handed on like that
};

// An option's value in one run.
struct Choice {
  std::string name;
  OptionValue value;
};

// Number, boolean or string. An integral number is an integer, however it is written.
OptionValue make_value(std::string text);

// Leading hyphens removed, hyphens to underscores. Throws UsageError for a name that cannot be an option, or that the
// sweep itself sets (output, quiet, overwrite, ...).
std::string canonical_name(std::string_view name);

// `where` begins the message of the UsageError for an empty list, a bad range, or a text that is not UTF-8.
std::vector<OptionValue> parse_list(std::string_view text, const std::string& where);
std::vector<OptionValue> parse_element(std::string_view text, const std::string& where);  // a range, or one value
// Throws UsageError for more than max_values in all.
void append_bounded(std::vector<OptionValue>& values, std::vector<OptionValue> more, const std::string& where);

// At `separator` where no backslash stands before it; the parts keep their backslashes.
std::vector<std::string> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);

}  // namespace gradus::sweep
