// AdaBelief.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

struct Adabelief {
  double learning_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-16;

  static constexpr Description describe() {
    return {"adabelief",
            "Zhuang et al. (2020), Algorithm 2",
            R"(
            m <- beta1 m + (1 - beta1) g
            s <- beta2 s + (1 - beta2) (g - m)^2 + epsilon
            m^ = m / (1 - beta1^t);  s^ = s / (1 - beta2^t)
            theta <- theta - learning_rate m^ / (sqrt(s^) + epsilon)
            )",
            R"(
            Epsilon enters in both places, as in the paper; Optax has two, both 1e-16, and the authors' code rectifies
            as RAdam unless told otherwise. PyTorch and Keras do not have the method.
            )",
            {field<&Adabelief::learning_rate>(positive(), "step size"),
             field<&Adabelief::beta1>(decay(), "decay of the first moment"),
             field<&Adabelief::beta2>(decay(), "decay of the squared distance from the first moment"),
             field<&Adabelief::epsilon>(positive(), "added to the squared distance at each step, and to its root")},
            {"first_moment", "surprise"}};
  }
  // P = (1 - beta1^t) (sqrt(s^) + epsilon)
  Stability stability(std::int64_t t, std::span<const Tensor> states) const {
    return {2 / (learning_rate * moment_turned(beta1)),
            root_preconditioner(states[1], epsilon, 1 / std::sqrt(correction(beta2, t)), correction(beta1, t))};
  }
  template <class T>
  auto update(std::int64_t t) const {
    return
        [rate = T(learning_rate / correction(beta1, t)), root = T(1 / std::sqrt(correction(beta2, t))),
         fresh1 = T(1 - beta1), beta2 = T(beta2), fresh2 = T(1 - beta2), epsilon = T(epsilon)](T& x, T g, T& m, T& s) {
          m += fresh1 * (g - m);
          s = beta2 * s + (fresh2 * (g - m) * (g - m) + epsilon);
          x -= rate * m / (math::sqrt(s) * root + epsilon);
        };
  }
};

}  // namespace gradus::optim
