// Half a cosine, with or without restarts.
#pragma once

#include "optim/cycles.h"
#include "optim/schedules/shapes.h"

namespace gradus::optim {

struct CosineDecay {
  std::int64_t steps = 10000;
  double final_factor = 0;
  bool restarts = false;
  double cycle_growth = 1;

  static constexpr Description describe() {
    return {"cosine",
            "Loshchilov & Hutter (2017), eq. 5",
            R"(
            base (f + (1 - f) (1 + cos(pi t / T)) / 2), f = final_factor, T = steps, then T cycle_growth, ...
            the growth is the decimal number given, cycles begin where exact arithmetic has them
            )",
            "",
            {field<&CosineDecay::steps>(at_least(1), "of the (first) cycle"),
             field<&CosineDecay::final_factor>(non_negative(), shapes::end_help),
             field<&CosineDecay::restarts>("begin again after each cycle"),
             field<&CosineDecay::cycle_growth>(between(1, 1e6), "length of a cycle in terms of the one before")}};
  }
  double at(std::int64_t t, double base) const {
    const double left = restarts ? left_of_cycle(t, steps, cycle_growth)
                                 : shapes::left_of(shapes::as_double(steps), shapes::as_double(t));
    return shapes::toward(shapes::half_cosine(left), base, final_factor);
  }
};

}  // namespace gradus::optim
