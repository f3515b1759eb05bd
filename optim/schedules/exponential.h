// A reduction with each step.
#pragma once

#include "optim/schedules/shapes.h"

namespace gradus::optim {

struct ExponentialDecay {
  double factor = 0.999;

  static constexpr Description describe() {
    return {"exponential",
            "common practice",
            "base factor^t",
            "",
            {field<&ExponentialDecay::factor>(positive(), "of each step")}};
  }
  double at(std::int64_t t, double base) const { return shapes::times(base, std::pow(factor, shapes::as_double(t))); }
};

}  // namespace gradus::optim
