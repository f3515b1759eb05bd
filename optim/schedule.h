// Schedules: the value of a hyperparameter as a pure function of the step, so that a run which is resumed needs nothing
// but the step. "plateau" alone depends on what was observed, and keeps that as state.
//
// One is a plain aggregate S with S::describe() and the value at step t = 0, 1, ... after the warm-up, of a
// hyperparameter whose value without schedule is base:  double at(std::int64_t t, double base) const
// (optim/schedules/).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "optim/schedules/plateau.h"
#include "settings/catalogue.h"

namespace gradus::optim {

// warmup_steps and warmup are every schedule's.
struct ScheduleKind : Entry {
  bool observes = false;  // a held-out loss
  // What `at` is of the schedule with these values, in the order of the hyperparameters.
  std::function<std::function<double(std::int64_t t, double base)>(const std::vector<double>&)> make = nullptr;
};

// All schedules, in a fixed order.
const settings::Catalogue<ScheduleKind>& schedules();
// Throws std::invalid_argument with the list of schedules (and the nearest name).
inline const ScheduleKind& schedule(std::string_view name) { return schedules().find(name); }

// During the first warmup_steps steps a value grows from near 0 to the schedule's first value: at step t by
// (t + 1) / warmup_steps, or as (1 - cos(pi (t + 1) / warmup_steps)) / 2. The schedule's own time begins afterwards.
struct WarmUp {
  std::int64_t warmup_steps = 0;
  enum class Shape { linear, cosine } warmup = Shape::linear;

  static constexpr Description describe() {
    return {"warm-up",
            "",
            "",
            "",
            {field<&WarmUp::warmup_steps>(at_least(0), "steps of warm-up before the schedule begins"),
             field<&WarmUp::warmup>(one_of({"linear", "cosine"}), "shape of the warm-up")}};
  }
  // The part of the first value at a step before warmup_steps.
  double part(std::int64_t step) const;
};

// A schedule with its numbers.
class Schedule {
 public:
  // Throws std::invalid_argument for an unknown schedule or number, or a number out of range.
  Schedule(const std::string& name, const NamedValues& values);
  // The value at step 0, 1, ... Throws std::invalid_argument for a negative step.
  double at(std::int64_t step, double base) const;

  const ScheduleKind& kind() const { return kind_; }
  // Of a schedule that observes.
  const ReduceOnPlateau& plateau() const { return plateau_; }

 private:
  const ScheduleKind& kind_;
  std::function<double(std::int64_t, double)> value_;
  WarmUp warm_up_;
  ReduceOnPlateau plateau_;
};

// What a plateau remembers: a factor on the base value, and the losses that decide on it.
struct Plateau {
  double best = std::numeric_limits<double>::infinity();
  double factor = 1;
  std::int64_t bad = 0;  // observations since the best one, or since the last reduction
  void observe(double loss, const ReduceOnPlateau& numbers);
};

}  // namespace gradus::optim
