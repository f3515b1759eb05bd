// Adan.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

struct Adan {
  double learning_rate = 0.001, beta1 = 0.98, beta2 = 0.92, beta3 = 0.99, epsilon = 1e-8, weight_decay = 0;

  static constexpr Description describe() {
    return {"adan",
            "Xie et al. (2024), Algorithm 1",
            R"(
            d = g - (g of the step before), 0 in the first step
            m <- beta1 m + (1 - beta1) g
            v <- beta2 v + (1 - beta2) d
            n <- beta3 n + (1 - beta3) (g + beta2 d)^2
            m^ = m / (1 - beta1^t);  v^ = v / (1 - beta2^t);  n^ = n / (1 - beta3^t)
            theta <- (theta - learning_rate (m^ + beta2 v^) / (sqrt(n^) + epsilon)) / (1 + learning_rate weight_decay)
            )",
            R"(
            The betas are decays, as in the authors' code and Optax; the paper's are 1 minus these, and it does not
            correct the moments for their start. Optax multiplies d and v^ by 1 - beta2 where the authors' code has
            beta2, and subtracts the weight decay instead of dividing. PyTorch and Keras do not have the method.
            )",
            {field<&Adan::learning_rate>(positive(), "step size"),
             field<&Adan::beta1>(decay(), "decay of the first moment"),
             field<&Adan::beta2>(decay(), "decay of the gradients' differences"),
             field<&Adan::beta3>(decay(), "decay of the second moment"),
             field<&Adan::epsilon>(positive(), "added to the root of the second moment"),
             field<&Adan::weight_decay>(non_negative(),
                                        "decoupled: theta is divided by 1 + learning_rate * weight_decay a step")},
            {"first_moment", "difference_moment", "second_moment", "previous_gradient"}};
  }
  // P = sqrt(n^) + epsilon. The difference d has 1 - 1/z = 2 at z = -1. The division by 1 + learning_rate weight_decay
  // makes s = 1 / (1 + learning_rate weight_decay), and F smaller by the same factor.
  Stability stability(std::int64_t t, std::span<const Tensor> states) const {
    const double s = 1 / (1 + learning_rate * weight_decay);
    const double filter =
        moment_turned(beta1) / correction(beta1, t) + 2 * beta2 * moment_turned(beta2) / correction(beta2, t);
    return {(1 + s) / (s * learning_rate * filter),
            root_preconditioner(states[2], epsilon, 1 / std::sqrt(correction(beta3, t))), 1 + s};
  }
  template <class T>
  auto update(std::int64_t t) const {
    const double of_moment = learning_rate / correction(beta1, t);
    const double of_difference = learning_rate * beta2 / correction(beta2, t);
    return [first = t == 1, of_moment = T(of_moment), of_difference = T(of_difference),
            root = T(1 / std::sqrt(correction(beta3, t))), fresh1 = T(1 - beta1), beta2 = T(beta2),
            fresh2 = T(1 - beta2), fresh3 = T(1 - beta3), epsilon = T(epsilon),
            shrink = T(1 / (1 + learning_rate * weight_decay))](T& x, T g, T& m, T& v, T& n, T& previous) {
      const T d = first ? T{0} : g - previous;
      const T ahead = g + beta2 * d;
      m += fresh1 * (g - m);
      v += fresh2 * (d - v);
      n += fresh3 * (ahead * ahead - n);
      x = (x - (of_moment * m + of_difference * v) / (math::sqrt(n) * root + epsilon)) * shrink;
      previous = g;
    };
  }
};

}  // namespace gradus::optim
