// What a run has logged, by the rungs of a rule that stops early, that it has come to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tools/sweep/metric_choice.h"
#include "tools/sweep/stopping_rule.h"

namespace gradus::sweep {

struct RungRecord {
  std::int64_t position = 0;  // the step of its checkpoint; 0 before that
  bool has_ended = false, has_completed = false;
  // At each rung; of a run that has ended, at each that there is, or, by the median rule, that it has passed. Lower is
  // better; NaN where it is not finite, or the run has diverged before.
  std::vector<double> scores, averages;
};

class RungReader {
 public:
  explicit RungReader(const StoppingRule& rule) : rule_(rule), metric_(rule.by, "stop early") {}

  // A run that has ended. Each throws std::runtime_error where the log has not what the rule compares, or no row of it
  // between two rungs.
  RungRecord ended(const std::filesystem::path& folder, bool has_completed);
  // One whose checkpoint is at this step.
  RungRecord paused(const std::filesystem::path& folder, std::int64_t position);

  // A score as it was logged: "evaluation/validation_loss 0.41".
  std::string text_of(double score) const;

 private:
  void read(const std::filesystem::path& folder, const std::vector<std::int64_t>& rungs, RungRecord& record);
  double scored(double value) const;

  const StoppingRule& rule_;
  MetricReader metric_;
};

}  // namespace gradus::sweep
