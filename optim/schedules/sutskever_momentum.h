// The momentum that goes with Nesterov's method.
#pragma once

#include <algorithm>

#include "optim/schedules/shapes.h"

namespace gradus::optim {

struct SutskeverMomentum {
  std::int64_t every = 250;

  static constexpr Description describe() {
    return {"sutskever_momentum",
            "Sutskever et al. (2013), eq. 5",
            "min(1 - 2^(-1 - log2(floor(t / every) + 1)), base)",
            "",
            {field<&SutskeverMomentum::every>(at_least(1), "steps between two values")}};
  }
  // 2^(-1 - log2(k)) is 1 / (2 k).
  double at(std::int64_t t, double base) const { return std::min(1 - 0.5 / (shapes::as_double(t / every) + 1), base); }
};

}  // namespace gradus::optim
