// The inverse square root of the step.
#pragma once

#include "optim/schedules/shapes.h"

namespace gradus::optim {

struct InverseSqrt {
  std::int64_t offset = 1000;

  static constexpr Description describe() {
    return {"inverse_sqrt",
            "Vaswani et al. (2017), eq. 3",
            "base sqrt(offset / (offset + t))",
            "",
            {field<&InverseSqrt::offset>(at_least(1), "warmup_steps for the paper's schedule")}};
  }
  double at(std::int64_t t, double base) const {
    const double start = shapes::as_double(offset);
    return base * std::sqrt(start / (start + shapes::as_double(t)));
  }
};

}  // namespace gradus::optim
