// AdaMax.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

struct Adamax {
  double learning_rate = 0.002, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

  static constexpr Description describe() {
    return {"adamax",
            "Kingma & Ba (2015), Algorithm 2",
            R"(
            m <- beta1 m + (1 - beta1) g
            u <- max(beta2 u, |g| + epsilon)
            theta <- theta - learning_rate / (1 - beta1^t) m / u
            )",
            R"(
            The paper has no epsilon, and divides 0 by 0 where the gradient has always been 0. It is added to |g| as in
            PyTorch and Optax; Keras adds it to u in the division.
            )",
            {field<&Adamax::learning_rate>(positive(), "step size"),
             field<&Adamax::beta1>(decay(), "decay of the first moment"),
             field<&Adamax::beta2>(decay(), "decay of the largest gradient"),
             field<&Adamax::epsilon>(positive(), "added to the gradient's size")},
            {"first_moment", "largest_gradient"}};
  }
  // P = (1 - beta1^t) u
  Stability stability(std::int64_t t, std::span<const Tensor> states) const {
    const Tensor p = Tensor::uninitialized(states[1].shape(), states[1].dtype());
    update_each(p, states[1], [scale = correction(beta1, t)]<class T>(T) {
      return [scale = T(scale)](T& to, T largest) { to = scale * largest; };
    });
    return {2 / (learning_rate * moment_turned(beta1)), p};
  }
  template <class T>
  auto update(std::int64_t t) const {
    return [rate = T(learning_rate / correction(beta1, t)), fresh = T(1 - beta1), beta2 = T(beta2),
            epsilon = T(epsilon)](T& x, T g, T& m, T& u) {
      m += fresh * (g - m);
      const T kept = beta2 * u, now = (g < 0 ? -g : g) + epsilon;
      u = kept > now ? kept : now;
      x -= rate * m / u;
    };
  }
};

}  // namespace gradus::optim
