// Up and down once.
#pragma once

#include "optim/schedules/shapes.h"

namespace gradus::optim {

struct OneCycle {
  std::int64_t steps = 10000;
  double rise = 0.3, start_factor = 0.04, final_factor = 4e-6;

  static constexpr Description describe() {
    return {"one_cycle",
            "Smith & Topin (2019), with fastai's cosines",
            "cosine from base start_factor to base at t = rise (steps - 1), then to base final_factor",
            "",
            {field<&OneCycle::steps>(at_least(1), "of the cycle"),
             field<&OneCycle::rise>(between(0, 1), "part of the cycle in which the value grows"),
             field<&OneCycle::start_factor>(non_negative(), "first value, in terms of the largest"),
             field<&OneCycle::final_factor>(non_negative(), shapes::end_help)}};
  }
  double at(std::int64_t t, double base) const {
    const double last = shapes::as_double(steps) - 1, peak = rise * last, now = shapes::as_double(t);
    // The peak itself is of the rise, unless there is none: a cycle that only rises ends with it.
    if (now < peak || (now == peak && peak > 0))
      return shapes::toward(shapes::half_cosine(now / peak), base, start_factor);
    return shapes::toward(shapes::half_cosine(shapes::left_of(last - peak, now - peak)), base, final_factor);
  }
};

}  // namespace gradus::optim
