// LAMB.
#pragma once

#include <memory>

#include "optim/optimizer.h"

namespace gradus::optim {

struct Lamb {
  double learning_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6, weight_decay = 0.01;

  static constexpr Family family = Family::layerwise;
  static constexpr Description describe() {
    return {"lamb",
            "You et al. (2020), Algorithm 2",
            R"(
            for each slice of theta:
              m <- beta1 m + (1 - beta1) g;  m^ = m / (1 - beta1^t)
              v <- beta2 v + (1 - beta2) g^2;  v^ = v / (1 - beta2^t)
              u = m^ / (sqrt(v^) + epsilon) + weight_decay theta
              theta <- theta - learning_rate (|theta| / |u|) u, the ratio 1 where a norm is 0
            )",
            R"(
            The function phi of the norm of theta is the identity. Optax does the same, with default weight decay 0.
            Biases and norms of layers are slices like any other; some implementations leave them out of the ratio and
            the decay.
            )",
            {field<&Lamb::learning_rate>(positive(), "step size, relative to the norm of each slice"),
             field<&Lamb::beta1>(decay(), "decay of the first moment"),
             field<&Lamb::beta2>(decay(), "decay of the second moment"),
             field<&Lamb::epsilon>(positive(), "added to the root of the second moment"),
             field<&Lamb::weight_decay>(non_negative(),
                                        "adds weight_decay theta to the direction, before its norm is taken")},
            {"first_moment", "second_moment"}};
  }
};
std::unique_ptr<Optimizer> make(const Lamb& method, const RandomStream& = RandomStream(0));

}  // namespace gradus::optim
