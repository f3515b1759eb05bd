// Adadelta.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

struct Adadelta {
  double learning_rate = 1, rho = 0.9, epsilon = 1e-6;

  static constexpr Description describe() {
    return {"adadelta",
            "Zeiler (2012), Algorithm 1",
            R"(
            v <- rho v + (1 - rho) g^2
            d = sqrt(u + epsilon) / sqrt(v + epsilon) g
            u <- rho u + (1 - rho) d^2
            theta <- theta - learning_rate d
            )",
            R"(
            PyTorch does the same. Keras does too, but its defaults are the rate 0.001, rho 0.95 and epsilon 1e-7. The
            paper has no learning rate (1) and uses rho 0.95.
            )",
            {field<&Adadelta::learning_rate>(positive(), "factor of the step; the paper has none"),
             field<&Adadelta::rho>(decay(), "decay of both mean squares"),
             field<&Adadelta::epsilon>(positive(), "added to both mean squares; sets the size of the first steps")},
            {"gradient_squares", "step_squares"}};
  }
  template <class T>
  auto update() const {
    return [rate = T(learning_rate), fresh = T(1 - rho), epsilon = T(epsilon)](T& x, T g, T& v, T& u) {
      v += fresh * (g * g - v);
      const T d = math::sqrt(u + epsilon) / math::sqrt(v + epsilon) * g;
      u += fresh * (d * d - u);
      x -= rate * d;
    };
  }
};

}  // namespace gradus::optim
