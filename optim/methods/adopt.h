// ADOPT: Adam with the v of the step before, which converges with any beta2.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

struct Adopt {
  double learning_rate = 0.001, beta1 = 0.9, beta2 = 0.9999, epsilon = 1e-6;

  static constexpr Description describe() {
    return {"adopt",
            "Taniguchi et al. (2024), Algorithm 2, with the clipping of its section 5",
            R"(
            first step: v = g^2, theta stays
            then, t = 1, 2, ...:
              n = max(-t^(1/4), min(t^(1/4), g / max(sqrt(v), epsilon)))
              m <- beta1 m + (1 - beta1) n
              theta <- theta - learning_rate m
              v <- beta2 v + (1 - beta2) g^2
            )",
            R"(
            The moments are not corrected for their start, as in the paper. Optax does the same; PyTorch and Keras do
            not have the method.
            )",
            {field<&Adopt::learning_rate>(positive(), "step size"),
             field<&Adopt::beta1>(decay(), "decay of the first moment"),
             field<&Adopt::beta2>(decay(), "decay of the second moment"),
             field<&Adopt::epsilon>(positive(), "the least root of the second moment")},
            {"first_moment", "second_moment"}};
  }
  template <class T>
  auto update(std::int64_t t) const {
    const double limit = std::pow(static_cast<double>(t - 1), 0.25);  // 0 in the first step: theta stays
    return [rate = T(learning_rate), fresh1 = T(1 - beta1), fresh2 = T(t == 1 ? 1 : 1 - beta2), epsilon = T(epsilon),
            limit = T(limit)](T& x, T g, T& m, T& v) {
      const T root = math::sqrt(v), ratio = g / (root > epsilon ? root : epsilon);
      const T n = ratio > limit ? limit : ratio < -limit ? -limit : ratio;
      m += fresh1 * (n - m);
      x -= rate * m;
      v += fresh2 * (g * g - v);
    };
  }
};

}  // namespace gradus::optim
