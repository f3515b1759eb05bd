// A reduction now and then.
#pragma once

#include "optim/schedules/shapes.h"

namespace gradus::optim {

struct StepDecay {
  std::int64_t every = 1000;
  double factor = 0.1;

  static constexpr Description describe() {
    return {"step",
            "common practice",
            "base factor^floor(t / every)",
            "",
            {field<&StepDecay::every>(at_least(1), "steps between two reductions"),
             field<&StepDecay::factor>(positive(), "of each reduction")}};
  }
  double at(std::int64_t t, double base) const {
    return shapes::times(base, std::pow(factor, shapes::as_double(t / every)));
  }
};

}  // namespace gradus::optim
