// Lion.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

struct Lion {
  double learning_rate = 1e-4, beta1 = 0.9, beta2 = 0.99, weight_decay = 0;

  static constexpr Description describe() {
    return {
        "lion",
        "Chen et al. (2023), Algorithm 2",
        R"(
            c = beta1 m + (1 - beta1) g
            theta <- theta - learning_rate (sign(c) + weight_decay theta), sign(0) = 0
            m <- beta2 m + (1 - beta2) g
            )",
        R"(
            Optax does the same, with the default weight decay 0.001. Keras has the method too; PyTorch does not.
            )",
        {field<&Lion::learning_rate>(positive(), "what each parameter moves by"),
         field<&Lion::beta1>(decay(), "weight of the momentum in the step's direction"),
         field<&Lion::beta2>(decay(), "decay of the momentum"),
         field<&Lion::weight_decay>(non_negative(), "decoupled: theta shrinks by learning_rate * weight_decay a step")},
        {"momentum"}};
  }
  template <class T>
  auto update() const {
    return [rate = T(learning_rate), beta1 = T(beta1), fresh1 = T(1 - beta1), fresh2 = T(1 - beta2),
            weight_decay = T(weight_decay)](T& x, T g, T& m) {
      x -= rate * (sign_of(beta1 * m + fresh1 * g) + weight_decay * x);
      m += fresh2 * (g - m);
    };
  }
};

}  // namespace gradus::optim
