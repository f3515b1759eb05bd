// LARS.
#pragma once

#include <memory>

#include "optim/optimizer.h"

namespace gradus::optim {

struct Lars {
  double learning_rate = 0.1, momentum = 0.9, trust_coefficient = 0.001, weight_decay = 0;

  static constexpr Family family = Family::layerwise;
  static constexpr Description describe() {
    return {
        "lars",
        "You, Gitman & Ginsburg (2017), Algorithm 1",
        R"(
            for each slice of theta:
              ratio = trust_coefficient |theta| / (|g| + weight_decay |theta|), 1 where |theta| or |g| is 0
              v <- momentum v + learning_rate ratio (g + weight_decay theta)
              theta <- theta - v
            )",
        R"(
            The rate is inside the velocity and the decay a part of the gradient, as in the paper and Optax: a schedule
            acts on later gradients alone. Optax takes the norm of the sum g + weight_decay theta where this has the sum
            of the norms. Biases and norms of layers are slices like any other; some implementations leave them out.
            )",
        {field<&Lars::learning_rate>(positive(), "step size"), field<&Lars::momentum>(decay(), "decay of the velocity"),
         field<&Lars::trust_coefficient>(positive(), "how far a slice trusts its gradient, relative to its norm"),
         field<&Lars::weight_decay>(non_negative(), "adds weight_decay theta to the gradient")},
        {"velocity"}};
  }
};
std::unique_ptr<Optimizer> make(const Lars& method, const RandomStream& = RandomStream(0));

}  // namespace gradus::optim
