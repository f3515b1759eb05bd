// Schedules: the value of a hyperparameter as a pure function of the step, so that a run which is resumed needs nothing
// but the step. "plateau" alone depends on what was observed, and keeps that as state.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "optim/settings.h"

namespace gradus::optim {

struct ScheduleKind {
  std::string name;
  std::string source;
  std::vector<Hyperparameter> hyperparameters;  // warmup_steps and warmup are every schedule's
  // The value at step t = 0, 1, ... after the warm-up, of a hyperparameter whose value without schedule is `base`.
  std::function<double(const Settings&, std::int64_t t, double base)> value;
  std::string formula;
  bool observes = false;  // a held-out loss
};

// All schedules, in a fixed order.
const std::vector<ScheduleKind>& schedules();
// Throws std::invalid_argument with the list of schedules (and the nearest name).
const ScheduleKind& schedule(const std::string& name);

// A schedule with its numbers.
class Schedule {
 public:
  // Throws std::invalid_argument for an unknown schedule or number, or a number out of range.
  Schedule(const std::string& name, const NamedValues& values);
  // The value at step 0, 1, ... During the first warmup_steps steps it grows from near 0 to the schedule's first value:
  // at step t by (t + 1) / warmup_steps, or as (1 - cos(pi (t + 1) / warmup_steps)) / 2. The schedule's own time begins
  // afterwards. Throws std::invalid_argument for a negative step.
  double at(std::int64_t step, double base) const;

  const ScheduleKind& kind() const { return kind_; }
  const Settings& settings() const { return settings_; }

 private:
  const ScheduleKind& kind_;
  Settings settings_;
  std::int64_t warmup_steps_;
  bool cosine_warmup_;
};

// Reduction on a plateau: a factor on the base value that shrinks when the held-out loss has stopped to fall.
struct Plateau {
  double best = std::numeric_limits<double>::infinity();
  double factor = 1;
  std::int64_t bad = 0;  // observations since the best one, or since the last reduction
  void observe(double loss, const Settings& settings);
};

}  // namespace gradus::optim
