// A power of the time that is left.
#pragma once

#include "optim/schedules/shapes.h"

namespace gradus::optim {

struct PolynomialDecay {
  std::int64_t steps = 10000;
  double power = 1, final_factor = 0;

  static constexpr Description describe() {
    return {"polynomial",
            "common practice; power 1 is linear decay",
            "base (f + (1 - f) (1 - min(t / steps, 1))^power), f = final_factor",
            "",
            {field<&PolynomialDecay::steps>(at_least(1), "until the end value"),
             field<&PolynomialDecay::power>(positive(), "of the time that is left"),
             field<&PolynomialDecay::final_factor>(non_negative(), shapes::end_help)}};
  }
  double at(std::int64_t t, double base) const {
    const double left = shapes::left_of(shapes::as_double(steps), shapes::as_double(t));
    return shapes::toward(std::pow(left, power), base, final_factor);
  }
};

}  // namespace gradus::optim
