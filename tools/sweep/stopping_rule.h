// How a stage's runs are stopped early by a column that they log: they pause at steps (rungs) until a rule lets them go
// on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/sweep/metric_choice.h"

namespace gradus::sweep {

struct StoppingRule {
  enum class Kind { asha, median };
  Kind kind = Kind::asha;
  MetricChoice by;
  std::int64_t first = 0, factor = 0;        // asha: rungs at first, first * factor, first * factor^2, ...
  std::int64_t every = 0, after = 0;         // median: rungs at the multiples of `every` from `after` on
  std::optional<std::int64_t> last;          // no rung there or later: runs go from the one before to their end
  std::vector<std::string> per;              // settings are compared that are equal in these options
  std::vector<std::string> over = {"seed"};  // runs are one setting that are equal in all options but these
  bool says_per = false, says_over = false;  // otherwise they are those of the stage's winners

  // The rungs up to a step, in their order; the first of them, if there are more than `most`.
  std::vector<std::int64_t> rungs_until(std::int64_t step, std::size_t most = std::string::npos) const;
  // The first beyond it; none where runs go to their end.
  std::optional<std::int64_t> next_rung(std::int64_t step) const;
  // As it is written on a command line.
  std::string text() const;
};

// Collects what is written of a rule.
class StoppingText {
 public:
  // Takes a key's value; of per and over, each call adds one option. Throws UsageError, which begins with `where`.
  void take(std::string_view key, std::string_view value, const std::string& where);
  // Throws UsageError for what is missing or does not fit together.
  StoppingRule rule(const std::string& where) const;

 private:
  StoppingRule rule_;
  bool has_kind_ = false, has_statistic_ = false;
};

// `rule=asha,by=evaluation/validation_loss,first=250,factor=4,last=4000`. Throws UsageError, which begins with `where`.
StoppingRule parse_stopping(std::string_view text, const std::string& where);

}  // namespace gradus::sweep
