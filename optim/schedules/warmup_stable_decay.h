// A constant value that falls at the end.
#pragma once

#include <algorithm>

#include "optim/schedules/shapes.h"

namespace gradus::optim {

struct WarmupStableDecay {
  std::int64_t steps = 10000, decay_steps = 2000;
  double final_factor = 0;

  static constexpr Description describe() {
    return {"warmup_stable_decay",
            "Hu et al. (2024), with a linear decay",
            "base until t = steps - decay_steps, then linear to base final_factor",
            "",
            {field<&WarmupStableDecay::steps>(at_least(1), "after the warm-up until the end of the decay"),
             field<&WarmupStableDecay::decay_steps>(at_least(0), "the last of them, in which the value falls"),
             field<&WarmupStableDecay::final_factor>(non_negative(), shapes::end_help)}};
  }
  double at(std::int64_t t, double base) const {
    const std::int64_t decay = std::min(decay_steps, steps);
    if (t < steps - decay) return base;
    return shapes::toward(shapes::left_of(shapes::as_double(decay), shapes::as_double(t - (steps - decay))), base,
                          final_factor);
  }
};

}  // namespace gradus::optim
