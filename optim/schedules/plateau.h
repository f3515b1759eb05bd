// A factor that shrinks when the held-out loss has stopped to fall.
#pragma once

#include "optim/schedules/shapes.h"

namespace gradus::optim {

struct ReduceOnPlateau {
  double factor = 0.1;
  std::int64_t patience = 10;
  double threshold = 1e-4, smallest_factor = 0;

  static constexpr bool observes = true;
  static constexpr Description describe() {
    return {"plateau",
            "common practice; ReduceLROnPlateau in PyTorch",
            R"(
            base r
            r <- max(r factor, smallest_factor) after more than patience losses that are not threshold below the best
            )",
            "",
            {field<&ReduceOnPlateau::factor>(positive(), "of a reduction"),
             field<&ReduceOnPlateau::patience>(at_least(0), "observations without progress that are allowed"),
             field<&ReduceOnPlateau::threshold>(non_negative(), "relative fall of the loss that counts as progress"),
             field<&ReduceOnPlateau::smallest_factor>(non_negative(),
                                                      "on the base value, below which nothing is reduced")}};
  }
  double at(std::int64_t, double base) const { return base; }
};

}  // namespace gradus::optim
